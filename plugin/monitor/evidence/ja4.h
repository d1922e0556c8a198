/*
 * JA4 client fingerprints (FoxIO's published format, TLS client part): which program speaks. Raises
 * confidence in other evidence and never stands alone. Pure; any thread.
 */
#pragma once

#include "base/status.h"
#include "monitor/packet/observer.h"

/* "t13d1516h2_8daaf6152771_b186095e22b6" and terminator. */
#define CF_JA4_BYTES 37

/*
 * The fingerprint of a complete ClientHello. CF_EMALFORMED when its extensions do not parse or it
 * is not complete; CF_ENOMEM when the digest cannot start.
 */
enum cf_status cf_ja4(const struct cf_client_hello *hello, char text[CF_JA4_BYTES]) CF_MUST_CHECK;
