/* Status codes as text, and filling in struct cf_error. */

#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *cf_status_text(enum cf_status status)
{
	switch (status) {
	case CF_OK:
		return "ok";
	case CF_ENOMEM:
		return "no memory";
	case CF_EIO:
		return "input/output error";
	case CF_EMALFORMED:
		return "malformed";
	case CF_ETOOBIG:
		return "limit reached";
	case CF_EINVALID:
		return "invalid";
	case CF_ENOTFOUND:
		return "not found";
	case CF_EVERSION:
		return "wrong version";
	case CF_ECHECKSUM:
		return "bad checksum";
	case CF_EUNSUPPORTED:
		return "not supported";
	case CF_EAGAIN:
		return "try again";
	case CF_EINTERNAL:
		return "internal error";
	}
	return "unknown status";
}

static void CF_PRINTF(5, 0) fill(struct cf_error *error, enum cf_status status, const char *file,
    unsigned line, const char *format, va_list args)
{
	if (error == NULL)
		return;
	error->status = status;
	error->line = line;
	snprintf(error->file, sizeof error->file, "%s", file == NULL ? "" : file);
	vsnprintf(error->text, sizeof error->text, format, args);
}

enum cf_status cf_error_set(struct cf_error *error, enum cf_status status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(error, status, NULL, 0, format, args);
	va_end(args);
	return status;
}

enum cf_status cf_error_set_at(struct cf_error *error, enum cf_status status, const char *file,
    unsigned line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(error, status, file, line, format, args);
	va_end(args);
	return status;
}
