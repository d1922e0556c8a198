/* Reading a policy while memory runs out: at every single allocation in turn. */

#include "compile/policy/policy.h"

#include <errno.h>
#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifndef SANITIZED
/* The C library's own, behind the replacements below (glibc). */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void __libc_free(void *memory);

/* Test-wide because malloc() takes no context: allocations left until one fails, and those alive.
 */
static long until_failure = -1;
static long alive;

static bool fails(void)
{
	if (until_failure < 0 || until_failure-- > 0)
		return false;
	errno = ENOMEM;
	return true;
}

/* Every program and library in this process now allocates here: libyaml and libcyaml too. */
void *malloc(size_t size)
{
	void *memory = fails() ? NULL : __libc_malloc(size);

	alive += memory != NULL;
	return memory;
}

void *calloc(size_t count, size_t size)
{
	void *memory = fails() ? NULL : __libc_calloc(count, size);

	alive += memory != NULL;
	return memory;
}

void *realloc(void *memory, size_t size)
{
	void *larger = fails() ? NULL : __libc_realloc(memory, size);

	alive += memory == NULL && larger != NULL;
	return larger;
}

void free(void *memory)
{
	alive -= memory != NULL;
	__libc_free(memory);
}

static const char policy_text[] =
    "vendor: [a, b]\npreset: p\n"
    "groups: {lab: [10.0.0.0/8, \"2001:db8::/32\"], noc: 192.0.2.1}\n"
    "phases: [{name: n, from: \"2024-01-01T00:00:00Z\", categories: [updates], verdict: block}]\n"
    "answer: {kind: sinkhole, sinkhole: 192.0.2.1, ede: text}\n"
    "exceptions:\n"
    "  - {clients: [lab, 203.0.113.0/24], names: ['*.x.example', y.example], types: [A, HTTPS],\n"
    "     verdict: pass, owner: o, reason: r, until: \"2025-01-01T00:00:00Z\"}\n"
    "names: [{name: m.example, category: pki}]\n"
    "log: {path: /x, fold: 1m}\n";

/* Reads and frees; the status of reading. */
static enum cf_status read_policy(void)
{
	struct cf_policy *policy = NULL;
	struct cf_diags diags;
	enum cf_status status;

	cf_diags_init(&diags);
	status = cf_policy_parse(policy_text, strlen(policy_text), "curfew.yaml", &policy, &diags);
	assert_true((status == CF_OK) == (policy != NULL));
	cf_policy_free(policy);
	cf_diags_done(&diags);
	return status;
}

static void every_failed_allocation_is_survived_and_nothing_is_left(void **state)
{
	long attempt = 0, refused = 0;
	bool reached = true;

	(void)state;
	/* libcrypto and stdio keep what they allocate at first use. */
	assert_int_equal(read_policy(), CF_OK);
	for (; reached; attempt++) {
		long before = alive;
		enum cf_status status;

		until_failure = attempt;
		status = read_policy();
		reached = until_failure < 0;
		until_failure = -1;
		ERR_clear_error(); /* libcrypto remembers its failures in memory of its own */
		/* libcrypto can do without some of its allocations; we cannot. */
		refused += status == CF_ENOMEM;
		assert_true(status == CF_OK || status == CF_ENOMEM || status == CF_EINVALID);
		if (alive != before)
			fail_msg(
			    "allocation %ld failed: %ld blocks are left", attempt, alive - before);
		assert_true(attempt < 100000);
	}
	assert_true(refused > 100); /* the failures did reach the reader */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_failed_allocation_is_survived_and_nothing_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void)
{
	puts("sanitizers have allocators of their own: skipped");
	return 77;
}
#endif
