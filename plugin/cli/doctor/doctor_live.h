/*
 * Asks the running resolver one name of every kind, through libunbound as a stub, and compares each
 * answer with what the image demands for this host. The look-ups are ordinary ones: blocked and
 * flagged names appear in the hit log. Bounded in count and time. One thread.
 */
#pragma once

#include "cli/front/json_out.h"
#include "doctor/doctor.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct cli_live;

/*
 * server is "ADDR" or "ADDR@PORT", NULL for 127.0.0.1. NULL after a message when the image cannot
 * be used, libunbound is not there, or there is no memory. Free with cli_live_free().
 */
struct cli_live *cli_live_ask(const char *image_path, const char *server, int64_t at_wall_s);
void cli_live_free(struct cli_live *live);

/* True when at least one answer is not what the image demands, or none came at all. */
bool cli_live_differs(const struct cli_live *live);

void cli_live_print(const struct cli_live *live, FILE *to);
/* As member "live" of the object that is open. */
void cli_live_json(const struct cli_live *live, struct cli_json *json);
