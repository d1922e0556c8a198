/*
 * Time stamps of seals by somebody whom neither side runs: RFC 3161, in the form of `openssl ts`.
 * A query is made over the bytes of a file of seals; the authority's reply to it proves that those
 * bytes were there at its time. By libcrypto; any thread.
 */
#pragma once

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

/* A query or reply of more is none. */
#define CF_STAMP_BYTES 65536

/*
 * Makes the query (DER) over the SHA-256 of bytes, with a nonce, asking for the authority's
 * certificate. *query_out is the caller's, to be freed. CF_ENOMEM, CF_EINTERNAL.
 */
enum cf_status cf_stamp_query(const void *bytes, size_t len, uint8_t **query_out,
    size_t *query_len_out, struct cf_error *error) CF_MUST_CHECK;

/*
 * Checks a reply (DER) over bytes: granted, of a digest that stands, signed by an authority whose
 * certificate leads to one of the file ca_path (PEM) and was valid then. *at_wall_us_out is the
 * authority's time. CF_EMALFORMED: no reply; CF_EINVALID: refused, or another digest; CF_ECHECKSUM:
 * it does not belong to these bytes, or not to that authority; CF_EIO: ca_path; CF_ENOMEM. *error
 * says what.
 */
enum cf_status cf_stamp_verify(const uint8_t *reply, size_t reply_len, const void *bytes,
    size_t len, const char *ca_path, int64_t *at_wall_us_out, struct cf_error *error) CF_MUST_CHECK;
