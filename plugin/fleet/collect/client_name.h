/*
 * Whether a client may speak for a sensor: the sensor's name has to be one of its certificate's.
 * Any thread.
 */
#pragma once

#include "base/status.h"

#include <gnutls/gnutls.h>

/*
 * Whether the certificate of a TLS session is good (signed by who is believed, in its time, for a
 * client) and has this name: a DNS name of it, or its common name where it has none. CF_EINVALID
 * with the reason.
 */
enum cf_status cf_client_check_session(
    gnutls_session_t session, const char *sensor, struct cf_error *error) CF_MUST_CHECK;

/*
 * The same for a certificate that a proxy verified: PEM in percent-encoding. CF_EINVALID also when
 * it is none.
 */
enum cf_status cf_client_check_escaped(
    const char *escaped_pem, const char *sensor, struct cf_error *error) CF_MUST_CHECK;
