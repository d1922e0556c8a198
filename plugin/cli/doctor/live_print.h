/* What a running resolver answered, for people and programs. One thread. */
#pragma once

#include "cli/front/json_out.h"
#include "doctor/live.h"

#include <stdio.h>

void cli_live_print(const struct cf_live *live, FILE *to);
/* As members "live_server" and "live" of the open object. */
void cli_live_json(const struct cf_live *live, struct cli_json *json);
