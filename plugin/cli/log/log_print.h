/*
 * Records as lines for people: one a record, columns aligned as far as a stream allows, safe on a
 * terminal whatever a name holds. One thread.
 */
#pragma once

#include "records/form/parse.h"

#include <stdio.h>

struct log_printer {
	FILE *to;
	int client_width; /* grows with the longest address seen */
};

struct log_printer log_printer_start(FILE *to);
/* The line over the columns. */
void log_printer_heading(struct log_printer *printer);
void log_printer_print(struct log_printer *printer, const struct cf_record *record);
