/*
 * cf_check(): a promise our own code makes to itself, tested in release builds too.
 *
 * In a program a broken promise ends the process with one line on stderr. In the resolver that must
 * never happen: a caller there installs a handler with cf_check_set_handler(), and every use of
 * cf_check() in code that the resolver reaches is written as `if (!cf_check(...)) return ...;`.
 */
#pragma once

#include <stdbool.h>

/* Called with the text of the broken promise. May return; must not unwind. */
typedef void cf_check_handler(const char *expression, const char *file, int line);

/*
 * Installs handler for this process (NULL: back to print and abort). Set once before other threads
 * start; the handler itself must be safe in any thread.
 */
void cf_check_set_handler(cf_check_handler *handler);

/* Reports a broken promise; returns false if the handler returned. Use the macro. */
bool cf_check_failed(const char *expression, const char *file, int line);

/* True when expression holds. When it does not: reports, and is false if the process goes on. */
#define cf_check(expression) \
	(__builtin_expect(!!(expression), 1) || cf_check_failed(#expression, __FILE__, __LINE__))
