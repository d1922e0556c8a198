/* What the shipper (`curfew ship --status`) says of itself, and what is wrong with it. One thread.
 */
#pragma once

#include "doctor/doctor.h"

/* Nothing is wrong where no shipper ever wrote one. */
void cf_doctor_look_at_shipping(struct cf_doctor *doctor, int64_t at_wall_s);
