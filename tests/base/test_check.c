/* base/check: a broken promise is reported, and ends the process only when nobody took charge. */

#include "base/check.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static unsigned reports;
static char reported[64];

static void remember(const char *expression, const char *file, int line)
{
	(void)file;
	assert_true(line > 0);
	reports++;
	strncpy(reported, expression, sizeof reported - 1);
}

static void a_kept_promise_is_silent(void **state)
{
	(void)state;
	cf_check_set_handler(remember);
	reports = 0;
	assert_true(cf_check(1 + 1 == 2));
	assert_int_equal(reports, 0);
	cf_check_set_handler(NULL);
}

static void a_broken_promise_goes_to_the_handler_and_the_process_lives(void **state)
{
	(void)state;
	cf_check_set_handler(remember);
	reports = 0;
	assert_false(cf_check(1 + 1 == 3));
	assert_int_equal(reports, 1);
	assert_string_equal(reported, "1 + 1 == 3");
	cf_check_set_handler(NULL);
}

static void without_a_handler_the_process_ends(void **state)
{
	pid_t child = fork();
	int status = 0;

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		close(STDERR_FILENO);
		signal(SIGABRT, SIG_DFL); /* cmocka catches it */
		_exit(cf_check(1 + 1 == 3) ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_kept_promise_is_silent),
	    cmocka_unit_test(a_broken_promise_goes_to_the_handler_and_the_process_lives),
	    cmocka_unit_test(without_a_handler_the_process_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
