/*
 * A producer for tests of the whole log: writes hits until it has written COUNT, or is killed.
 *
 *   hitlog PATH COUNT FOLD_S RATE
 *
 * COUNT hits of ten clients at RATE a second (0: as fast as it goes). After each 1,000, or each 100
 * ms, the number handed over so far is printed on a line. Ends with the final counters.
 */

#include "records/write/log.h"

#include "samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t wall_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* A queue that is full is waited for: the test counts what was handed over. */
static void hand_over(struct cf_producer *producer, unsigned long i, unsigned long rate)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	struct cf_hit hit;

	sample_blocked_query(&hit);
	hit.at_wall_us = wall_us();
	hit.src.bytes[3] = (uint8_t)(i % 10);
	hit.src_port = (uint16_t)(1024 + i % 60000);
	while (!cf_producer_hit(producer, &hit))
		nanosleep(&pause, NULL);
	if (rate > 0 && i % (rate / 1000 + 1) == 0)
		nanosleep(&pause, NULL);
}

int main(int argc, char **argv)
{
	struct cf_log_options options = {
	    .sensor = "edge-01", .source = "resolver", .heartbeat_s = 1};
	struct cf_producer *producer;
	struct cf_log *log;
	struct cf_error error;
	unsigned long count, rate;
	char *status;

	if (argc != 5 || asprintf(&status, "%s.status", argv[1]) < 0)
		return 2;
	options.path = argv[1];
	options.status_path = status;
	count = strtoul(argv[2], NULL, 10);
	options.fold_s = (uint32_t)strtoul(argv[3], NULL, 10);
	rate = strtoul(argv[4], NULL, 10);
	if (cf_log_open(&options, &log, &error) != CF_OK ||
	    (producer = cf_log_producer(log)) == NULL) {
		fprintf(stderr, "%s\n", error.text);
		return 4;
	}
	for (unsigned long i = 0; i < count; i++) {
		hand_over(producer, i, rate);
		if (i % (rate == 0 ? 1000 : rate / 10 + 1) == 0) {
			printf("%lu\n", i + 1);
			fflush(stdout);
		}
	}
	cf_log_close(log);
	printf("%lu\n", count);
	free(status);
	return 0;
}
