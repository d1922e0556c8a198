/*
 * Prints each name a host asked for, once: `client server port kind name`, separated by tabs, kind
 * being dns, tls, quic, http or socks. An observer (observer.h) for `curfew monitor --names`; one
 * thread.
 *
 * Names are in lower case, without last dot and port; bytes that are not printable are written
 * \DDD.
 */
#pragma once

#include "base/status.h"
#include "monitor/packet/observer.h"

#include <stdio.h>

struct cf_names_printer;

/* Prints to out, which stays the caller's. CF_ENOMEM. */
enum cf_status cf_names_printer_new(FILE *out, struct cf_names_printer **printer_out) CF_MUST_CHECK;
void cf_names_printer_free(struct cf_names_printer *printer);

/* The callbacks to give to a decoder. */
struct cf_observer cf_names_printer_observer(struct cf_names_printer *printer);

/* Rows may come again from here on: for the next capture when each is to stand alone. */
void cf_names_printer_forget(struct cf_names_printer *printer);

/* CF_ENOMEM when rows could not be remembered (they were printed, perhaps twice), CF_EIO when not
 * printed. */
enum cf_status cf_names_printer_status(const struct cf_names_printer *printer);
