/*
 * Ships the segments of sealed logs to collectors: asks for the store's head of each writer, goes
 * to it in the log, and sends what is behind it, until told to stop. It has no state: after a kill
 * it asks again. What the store refuses is said once, and asked about again later; the log keeps
 * it meanwhile. One thread.
 */
#pragma once

#include "fleet/ship/shipping.h"

/*
 * CF_OK: told to stop, or once and everything is there. CF_EAGAIN: once, and not everything is:
 * say() said why. CF_EINVALID: options; CF_ENOMEM, CF_EIO.
 */
enum cf_status cf_shipper_run(
    const struct cf_shipper_options *options, struct cf_error *error) CF_MUST_CHECK;
