/* What every look of the doctor needs: a place for what is wrong, and files read whole. One thread.
 */
#pragma once

#include "doctor/doctor.h"

#include <stddef.h>

/* One more thing that is wrong; names and messages of others are made safe to print. */
void cf_doctor_problem(struct cf_doctor *doctor, const char *format, ...) CF_PRINTF(2, 3);

/* A regular file of at most max bytes, terminated, for free(); NULL, and errno says why. */
char *cf_doctor_read_file(const char *path, size_t max, size_t *len_out);
