/*
 * A writer whose clock the test holds: minutes of a log, made in a moment.
 *
 *   minutelog PATH SENSOR SOURCE START_S MINUTES [key=FILE] [socket=PATH] [jump=S] [swap=FILE]
 *     [quiet] [kill]
 *
 * One hit each ten seconds from START_S on (quiet: each ten minutes), a seal each minute. jump:
 * once half of it is written the clock goes forward or back by so much. swap: then FILE takes the
 * place of the key's. kill: ends without a stop record. The newest instant is printed.
 */

#include "records/write/log.h"

#include "samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND INT64_C(1000000)

/* The value of name= among the arguments, NULL without. */
static const char *option(int argc, char **argv, const char *name)
{
	for (int i = 6; i < argc; i++)
		if (strncmp(argv[i], name, strlen(name)) == 0)
			return argv[i] + strlen(name);
	return NULL;
}

int main(int argc, char **argv)
{
	struct cf_log_options options = {.synchronous = true, .heartbeat_s = 60};
	struct cf_producer *producer;
	struct cf_log *log;
	struct cf_error error;
	const char *swap;
	int64_t now_us, jump_us = 0;
	long steps;
	bool is_quiet;

	if (argc < 6)
		return 2;
	options.path = argv[1];
	options.sensor = argv[2];
	options.source = argv[3];
	options.key_file = option(argc, argv, "key=");
	options.seal_log = option(argc, argv, "socket=");
	swap = option(argc, argv, "swap=");
	options.status_path = option(argc, argv, "status=");
	if (option(argc, argv, "jump=") != NULL)
		jump_us = strtoll(option(argc, argv, "jump="), NULL, 10) * SECOND;
	now_us = strtoll(argv[4], NULL, 10) * SECOND;
	is_quiet = option(argc, argv, "quiet") != NULL;
	steps = strtol(argv[5], NULL, 10) * 6;
	if (cf_log_open(&options, &log, &error) != CF_OK ||
	    (producer = cf_log_producer(log)) == NULL) {
		fprintf(stderr, "%s\n", error.text);
		return 4;
	}
	cf_log_pump(log, now_us);
	for (long i = 0; i < steps; i++) {
		struct cf_hit hit;

		sample_blocked_query(&hit);
		now_us += 10 * SECOND + (i == steps / 2 ? jump_us : 0);
		hit.at_wall_us = now_us;
		hit.src_port = (uint16_t)(1024 + i);
		if ((!is_quiet || i % 60 == 0) && !cf_producer_hit(producer, &hit))
			return 4;
		cf_log_pump(log, now_us);
		if (i == steps / 2 && swap != NULL && rename(swap, options.key_file) != 0)
			return 4;
	}
	printf("%lld\n", (long long)(now_us / SECOND));
	if (option(argc, argv, "kill") != NULL) {
		fflush(stdout);
		_exit(0); /* as SIGKILL: what was handed to the system stays */
	}
	cf_log_close(log);
	return 0;
}
