/*
 * What `curfew doctor` says of where an image comes from: packs and their age, and the channel of a
 * sensor whose image somebody else makes; and how a line of it looks. One thread.
 */
#pragma once

#include "cli/front/json_out.h"
#include "doctor/doctor.h"

/* A line with its mark; text is made safe to print. */
void cli_doctor_line(const char *label, enum cf_known state, const char *text);

enum cf_known cli_doctor_good_if(bool good);

/* NULL instead of "". */
const char *cli_doctor_or_null(const char *text);

void cli_doctor_packs_print(const struct cf_doctor *d, int64_t at_wall_s);
void cli_doctor_packs_json(const struct cf_doctor *d, struct cli_json *json);

/* Nothing, and null, where no channel is followed. */
void cli_doctor_channel_print(const struct cf_doctor *d);
void cli_doctor_channel_json(const struct cf_doctor *d, struct cli_json *json);
