/* What those that run say of themselves, in files, and what is wrong with it. One thread. */
#pragma once

#include "doctor/doctor.h"

/* The module's status beside the log, judged as of at_wall_s; the image must have been looked at.
 */
void cf_doctor_look_at_status(struct cf_doctor *doctor, int64_t at_wall_s);

/* What unbound-guard said at the last start, and what the rebuild after an update says. */
void cf_doctor_look_at_guard(struct cf_doctor *doctor);
