/*
 * Names as people type them, letters of any script included, to canonical names (IDNA 2008 through
 * libidn2). For commands and readers of files; names from the wire never come here.
 */
#pragma once

#include "base/status.h"
#include "names/name.h"

/*
 * Parses text (UTF-8, or ASCII in presentation format). CF_EMALFORMED: neither; CF_ENOMEM.
 * *error (may be NULL) says why.
 */
enum cf_status cf_idn_parse(
    const char *text, struct cf_name *name_out, struct cf_error *error) CF_MUST_CHECK;
