/*
 * Lines that lie beside a ledger: what people said (LEDGER.actions), and what addresses are called
 * (LEDGER.ptr). In PostgreSQL they are rows of the table `beside`. One thread.
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

struct cf_pgsql_beside;

/*
 * Opens the lines of that kind ("actions", "ptr") of the ledger at the address; who is to change
 * them (writes) has them alone until it closes. *text_out is all lines, each with its newline and a
 * zero byte behind the last; the caller frees it. Without a ledger there are none when reading.
 * CF_EIO, CF_ENOMEM, CF_EINVALID.
 */
enum cf_status cf_pgsql_beside_open(const char *address, const char *what, bool writes,
    struct cf_pgsql_beside **beside_out, char **text_out, size_t *len_out,
    struct cf_error *error) CF_MUST_CHECK;
/* Puts lines behind the others, or in their place; each ends in a newline. It is on disk when this
 * returns CF_OK. */
enum cf_status cf_pgsql_beside_put(struct cf_pgsql_beside *beside, const char *lines, size_t len,
    bool instead, struct cf_error *error) CF_MUST_CHECK;
void cf_pgsql_beside_close(struct cf_pgsql_beside *beside);
