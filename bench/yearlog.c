/*
 * Logs of a long time: what reports over a ledger of a year are measured with (bench/year).
 *
 *   bench-yearlog -n HOSTS -t DAYS -s SENSORS -d FOLDER
 *
 * FOLDER/tap-NN.jsonl is the log of one monitor, which sees its share of the hosts: each of them
 * once a day by DHCP, with MAC, name and client id, and every fifth of them with a connection to
 * the vendor on each day until it was mended, one host after the other. Heartbeats come every three
 * minutes, the longest that leaves no gap.
 */
#include "made_host.h"
#include "sample_hit.h"

#include "records/form/pack.h"
#include "records/write/writer.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_US  INT64_C(1727740800000000) /* 2024-10-01 */
#define DAY_US    (86400 * INT64_C(1000000))
#define MINUTE_US (60 * INT64_C(1000000))
#define BEAT_S    180

struct plan {
	unsigned long hosts;
	unsigned days, sensors;
	const char *folder;
};

static void set_mac(uint8_t mac[6], unsigned long host)
{
	const uint8_t bytes[6] = {
	    0, 0x1b, 0x21, (uint8_t)(host >> 16), (uint8_t)(host >> 8), (uint8_t)host};

	memcpy(mac, bytes, sizeof bytes);
}

static void pack_flow(unsigned long host, int64_t at_us, void *out)
{
	struct cf_hit hit = bench_sample_hit(at_us, addr_of(host), host + 1);

	hit.event = CF_EVENT_TLS;
	hit.action = CF_ACTION_FLAG;
	hit.via = CF_VIA_SNI;
	hit.dest = (struct cf_addr){.family = CF_FAMILY_V4, .bytes = {198, 51, 100, 7}};
	hit.dest_port = 443;
	hit.ip_proto = 6;
	hit.has_src_mac = true;
	hit.in_iface = "eth0";
	hit.dns.qname_wire = NULL;
	hit.dns.answer = NULL;
	hit.dns.has_rcode = false; /* and its rcode with it */
	hit.dns.qtype = hit.dns.ede = 0;
	set_mac(hit.src_mac, host);
	(void)cf_pack_hit(&hit, out); /* its size is in its head */
}

static void pack_name(unsigned long host, int64_t at_us, void *out)
{
	char name[24], client[7] = {1};
	struct cf_identity identity = {.from_wall_us = at_us,
	    .to_wall_us = at_us,
	    .addr = addr_of(host),
	    .has_mac = true,
	    .in_iface = "eth0",
	    .kind = "dhcp",
	    .client_id = {.data = client, .len = sizeof client}};

	set_mac(identity.mac, host);
	memcpy(client + 1, identity.mac, sizeof identity.mac);
	identity.name.data = name;
	identity.name.len = (size_t)snprintf(name, sizeof name, "pc-%07lu", host);
	(void)cf_pack_identity(&identity, out);
}

/* Every fifth host asks for the vendor until its day comes. */
static bool still_asks(const struct plan *plan, unsigned long host, unsigned day)
{
	return host % 5 == 0 && day < host / 5 * plan->days * 5 / plan->hosts;
}

static void take(struct cf_writer *writer, const void *packed)
{
	const struct cf_packed *record = packed;

	cf_writer_take(writer, &record, 1);
}

/* What the sensor tells of a host on a day, the hosts one after the other over the day. */
static void tell(struct cf_writer *writer, const struct plan *plan, unsigned long host,
    unsigned day, int64_t at_us)
{
	_Alignas(8) static uint8_t packed[CF_RECORD_PACKED_BYTES];

	pack_name(host, at_us, packed);
	take(writer, packed);
	if (!still_asks(plan, host, day))
		return;
	pack_flow(host, at_us, packed);
	take(writer, packed);
}

static void write_log(const struct plan *plan, unsigned sensor)
{
	char path[4096], name[32];
	const struct cf_log_options options = {
	    .path = path, .sensor = name, .source = "monitor", .heartbeat_s = BEAT_S};
	static struct cf_writer writer;
	unsigned long share = (plan->hosts + plan->sensors - 1) / plan->sensors;
	int64_t now = START_US;

	snprintf(name, sizeof name, "tap-%02u", sensor);
	if ((size_t)snprintf(path, sizeof path, "%s/%s.jsonl", plan->folder, name) >= sizeof path)
		die("name of the folder");
	(void)unlink(path); /* may not be there */
	if (cf_writer_init(&writer, &options, NULL) != CF_OK)
		die("writer");
	cf_writer_start(&writer, now, now);
	for (unsigned day = 0; day < plan->days; day++) {
		unsigned long told = 0;

		for (unsigned minute = 0; minute < 1440; minute += BEAT_S / 60) {
			now = START_US + day * DAY_US + minute * MINUTE_US;
			for (; told < share && told * 1440 <= minute * share; told++)
				if (sensor * share + told < plan->hosts)
					tell(&writer, plan, sensor * share + told, day, now);
			cf_writer_tick(&writer, now, now);
		}
	}
	cf_writer_stop(&writer, now, now);
	cf_writer_done(&writer);
}

int main(int argc, char **argv)
{
	struct plan plan = {.hosts = 4000, .days = 365, .sensors = 10, .folder = "."};
	int option;

	while ((option = getopt(argc, argv, "n:t:s:d:")) != -1) {
		if (option == 'n')
			plan.hosts = strtoul(optarg, NULL, 10);
		else if (option == 't')
			plan.days = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 's')
			plan.sensors = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'd')
			plan.folder = optarg;
		else
			return 2;
	}
	if (plan.hosts < 5 || plan.hosts > 10000000 || plan.days == 0 || plan.days > 3650 ||
	    plan.sensors == 0 || plan.sensors > plan.hosts || plan.sensors > 10000)
		return 2;
	for (unsigned sensor = 0; sensor < plan.sensors; sensor++)
		write_log(&plan, sensor);
	return 0;
}
