/*
 * What `curfew doctor` says of the egress filter: is the table in the kernel that of the image,
 * since when not, and what it counted. Nothing where none was ever applied, or where curfew was
 * built without it. One thread.
 */
#pragma once

#include "cli/front/json_out.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct cli_doctor_edge;

/* NULL: there is nothing to say. To be freed. */
struct cli_doctor_edge *cli_doctor_edge_look(
    const char *image, const char *image_digest, int64_t now_wall_s);
void cli_doctor_edge_free(struct cli_doctor_edge *edge);

/* True when what should be stopped may not be. */
bool cli_doctor_edge_is_wrong(const struct cli_doctor_edge *edge);
void cli_doctor_edge_print(const struct cli_doctor_edge *edge, FILE *to);
void cli_doctor_edge_json(const struct cli_doctor_edge *edge, struct cli_json *json);
