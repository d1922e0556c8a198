#include "fleet_log.h"

#include "records/write/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)

static struct cf_hit sample(int64_t at_wall_us, bool blocks, unsigned number)
{
	static const uint8_t qname[] = "\6dnl-03\3geo\11kaspersky\3com";
	static const uint8_t rule[] = "\11kaspersky\3com";

	return (struct cf_hit){.at_wall_us = at_wall_us,
	    .event = CF_EVENT_DNS,
	    .action = blocks ? CF_ACTION_BLOCK : CF_ACTION_FLAG,
	    .via = CF_VIA_QNAME,
	    .src = {.family = CF_FAMILY_V4, .bytes = {10, 0, 0, (uint8_t)(1 + number % 20)}},
	    .src_port = (uint16_t)(1024 + number % 60000),
	    .dns = {.qname_wire = qname, .qtype = 1},
	    .match = {.value = {.data = "dnl-03.geo.kaspersky.com", .len = 24},
	        .rule_wire = rule,
	        .rule_type = "subtree",
	        .list = "vendor-core",
	        .serial = "2024092901",
	        .category = "updates"},
	    .key = 1 + number};
}

void fleet_log_write(const char *path, const char *sensor, const char *source, unsigned from_minute,
    unsigned minutes, bool blocks)
{
	const struct cf_log_options options = {.synchronous = true,
	    .heartbeat_s = 60,
	    .path = path,
	    .sensor = sensor,
	    .source = source};
	int64_t now_us = (FLEET_LOG_START_S + (int64_t)from_minute * 60) * SECOND;
	struct cf_producer *producer;
	struct cf_log *log;

	assert_int_equal(cf_log_open(&options, &log, NULL), CF_OK);
	producer = cf_log_producer(log);
	assert_non_null(producer);
	cf_log_pump(log, now_us);
	for (unsigned i = 0; i < minutes * 6; i++) {
		struct cf_hit hit;

		now_us += 10 * SECOND;
		hit = sample(now_us, blocks, i);
		assert_true(cf_producer_hit(producer, &hit));
		cf_log_pump(log, now_us);
	}
	cf_log_close(log);
}
