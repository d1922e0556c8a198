/*
 * An output that cannot be written, and later can again. It is said when it begins and when it is
 * over - at most once a minute, for a disk that is full every other second -, and each time is
 * counted. Nobody is stopped by it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Whom it is told. say NULL: nobody. */
struct cf_trouble_teller {
	void (*say)(void *arg, const char *text); /* text lives until it returns */
	void *arg;
};

/* Begins as {0}. One thread. */
struct cf_trouble {
	uint64_t times; /* that it could not be written */
	bool is_told;   /* and not said to be over */
	int64_t quiet_until_us;
};

/*
 * One more time: what ("the status file") at path cannot be written because of why; meanwhile says
 * what follows from it. now_us never steps.
 */
void cf_trouble_begin(struct cf_trouble *trouble, const struct cf_trouble_teller *teller,
    int64_t now_us, const char *what, const char *path, const char *why, const char *meanwhile);
/* It could be written. */
void cf_trouble_end(struct cf_trouble *trouble, const struct cf_trouble_teller *teller,
    const char *what, const char *path);
