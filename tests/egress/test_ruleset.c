/*
 * egress/ruleset.h in the kernel: over random policies, what becomes of a packet from a client to
 * an address at an instant is what the naive model says. Packets go in by one tunnel device and out
 * by another in a network namespace of the test's own; the table's instants are moved so that the
 * one asked for is now. CF_SEED and CF_CASES choose the policies; CURFEW_TEST_FULL=yes is 200 of
 * them, 100,000 packets.
 *
 * Skips without root, tunnel devices or namespaces.
 *
 * One file: policies, packets and the naive answer come from one random source and one namespace.
 */

#include "egress/kernel/kernel.h"
#include "egress/plan/plan.h"
#include "egress/table/ruleset.h"
#include "model.h"
#include "monitor/capture/capture_live.h"
#include "monitor/decode/decoder.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define GROUP        "9"
#define INSTANTS     5   /* of each policy */
#define BATCH        100 /* packets at each */
#define PORT_FIRST   10000
#define PORT_LISTED  4444
#define PACKET_BYTES 48 /* the longer header, and UDP's */

/* What was seen of a packet. */
struct seen {
	bool came_out;
	uint8_t verdict; /* enum cf_edge_verdict */
};

struct asked {
	struct cf_addr client, addr;
	enum cf_fate expected;
};

struct lab {
	int in, out; /* tunnel devices; -1: there can be none here */
	struct cf_capture *log;
	struct cf_decoder *decoder;
	struct cf_kernel *kernel;
	struct cf_table former; /* in force */
	bool has_former;
	struct asked asked[BATCH];
	struct seen seen[BATCH];
	unsigned asked_count;
};

static unsigned long from_environment(const char *name, unsigned long fallback)
{
	const char *text = getenv(name);

	return text == NULL ? fallback : strtoul(text, NULL, 0);
}

static bool is_full(void)
{
	const char *full = getenv("CURFEW_TEST_FULL");

	return full != NULL && strcmp(full, "yes") == 0;
}

static int open_tunnel(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	strcpy(request.ifr_name, name);
	if (fd >= 0 && ioctl(fd, TUNSETIFF, &request) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Whom the log tells of: packets of this batch by their port. */
static void on_logged(void *context, const struct cf_packet *packet)
{
	struct lab *lab = context;
	unsigned number = packet->src_port - (unsigned)PORT_FIRST;

	if (packet->dst_port == PORT_LISTED && number < lab->asked_count &&
	    cf_addr_equal(&packet->src, &lab->asked[number].client))
		lab->seen[number].verdict = packet->edge.verdict;
}

static void open_lab(struct lab *lab)
{
	static const char setup[] =
	    "ip link set lo up && ip link set in up && ip link set out up && "
	    "ip route add default dev out && ip -6 route add default dev out && "
	    "sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 "
	    "net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.in.rp_filter=0 "
	    "net.ipv4.conf.default.rp_filter=0";
	struct cf_capture_options options = {
	    .interface = "nflog:" GROUP, .buffer_mib = 16, .fanout_count = 1};
	struct cf_observer observer = {.context = lab, .packet = on_logged};
	struct cf_error error;

	*lab = (struct lab){.in = -1, .out = -1};
	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0)
		return;
	lab->in = open_tunnel("in");
	lab->out = lab->in < 0 ? -1 : open_tunnel("out");
	if (lab->out < 0)
		return;
	assert_int_equal(system(setup), 0);
	if (cf_capture_open(&options, &lab->log, &error) != CF_OK)
		fail_msg("%s", error.text);
	assert_int_equal(cf_decoder_new(&observer, 1, &lab->decoder), CF_OK);
	assert_int_equal(cf_kernel_open(&lab->kernel), CF_OK);
}

static void close_lab(struct lab *lab)
{
	if (lab->has_former)
		cf_table_done(&lab->former);
	cf_kernel_close(lab->kernel);
	cf_decoder_free(lab->decoder);
	cf_capture_close(lab->log);
	if (lab->in >= 0)
		close(lab->in);
	if (lab->out >= 0)
		close(lab->out);
}

/* Addresses that no router forwards: the kernel refuses them before any table sees them. */
static bool is_routed(const struct cf_addr *addr)
{
	static const uint8_t loopback[16] = {[15] = 1}, nobody[16];

	if (addr->family == CF_FAMILY_V4)
		return addr->bytes[0] != 0 && addr->bytes[0] != 127 && addr->bytes[0] < 224;
	return addr->bytes[0] < 0xfe && memcmp(addr->bytes, loopback, 16) != 0 &&
	    memcmp(addr->bytes, nobody, 16) != 0;
}

static uint16_t sum_of(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* UDP without a payload; over IPv6 the checksum stays 0, which a router does not look at. */
static size_t make_packet(const struct asked *asked, unsigned number, uint8_t packet[PACKET_BYTES])
{
	bool v4 = asked->addr.family == CF_FAMILY_V4;
	size_t head = v4 ? 20 : 40, each = v4 ? 4 : 16, at = v4 ? 12 : 8;
	unsigned port = PORT_FIRST + number;

	memset(packet, 0, PACKET_BYTES);
	packet[0] = v4 ? 0x45 : 0x60;
	packet[v4 ? 3 : 5] = (uint8_t)(v4 ? head + 8 : 8);
	packet[v4 ? 8 : 7] = 64;
	packet[v4 ? 9 : 6] = 17;
	memcpy(packet + at, asked->client.bytes, each);
	memcpy(packet + at + each, asked->addr.bytes, each);
	if (v4) {
		uint16_t sum = sum_of(packet, 20);

		packet[10] = (uint8_t)(sum >> 8);
		packet[11] = (uint8_t)sum;
	}
	packet[head] = (uint8_t)(port >> 8);
	packet[head + 1] = (uint8_t)port;
	packet[head + 2] = PORT_LISTED >> 8;
	packet[head + 3] = PORT_LISTED & 0xff;
	packet[head + 5] = 8;
	return head + 8;
}

/* Notes what came out; what is not of this batch is the kernel's own. */
static void read_out(struct lab *lab)
{
	uint8_t packet[2048];
	ssize_t len;

	while ((len = read(lab->out, packet, sizeof packet)) > 0) {
		size_t head = packet[0] >> 4 == 4 ? 20 : 40;
		unsigned port, number;

		if ((size_t)len < head + 8)
			continue;
		port = (unsigned)packet[head] << 8 | packet[head + 1];
		number = port - PORT_FIRST;
		if (((unsigned)packet[head + 2] << 8 | packet[head + 3]) == PORT_LISTED &&
		    number < lab->asked_count)
			lab->seen[number].came_out = true;
	}
}

static void on_frame(void *arg, int64_t at_wall_us, const uint8_t *data, uint32_t captured_bytes,
    uint32_t wire_bytes)
{
	struct lab *lab = arg;

	cf_decoder_packet(lab->decoder, cf_capture_link_type(lab->log), 0, at_wall_us, data,
	    captured_bytes, wire_bytes);
}

/* What the log has to say is there when its kernel's delay is over twice. */
static void read_log(struct lab *lab)
{
	struct cf_error error;
	unsigned count, silent = 0;

	while (silent < 3) {
		assert_int_equal(
		    cf_capture_read(lab->log, 100, on_frame, lab, &count, &error), CF_OK);
		silent = count == 0 ? silent + 1 : 0;
	}
}

/* The plan's table with every instant moved by shift_s; one that is not after 1970 has passed. */
static void make_moved(const struct cf_plan *plan, int64_t shift_s, struct cf_table *table)
{
	struct cf_egress_options options;

	cf_egress_options_default(&options);
	options.drop = true;
	options.log = true;
	options.group = (uint16_t)strtoul(GROUP, NULL, 10);
	options.log_per_second = 100000;
	assert_int_equal(cf_ruleset_make(plan, &options, table), CF_OK);
	for (uint32_t i = 0; i < table->term_count; i++) {
		struct cf_term *term = &table->terms[i];

		if (term->kind == CF_TERM_BEFORE)
			term->wall_s = term->wall_s + shift_s < 1 ? 1 : term->wall_s + shift_s;
	}
}

/* Puts it in force by what differs from the one before, of whatever policy that was. */
static void put(struct lab *lab, struct cf_table *table)
{
	struct cf_kernel_state state;
	struct cf_error error;

	assert_int_equal(cf_kernel_read(lab->kernel, true, &state, &error), CF_OK);
	if (cf_kernel_put(lab->kernel, lab->has_former ? &lab->former : NULL, &state, table, false,
	        NULL, &error) != CF_OK)
		fail_msg("%s", error.text);
	if (lab->has_former)
		cf_table_done(&lab->former);
	lab->former = *table;
	lab->has_former = true;
}

static int64_t now_s(long *ns_out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	*ns_out = now.tv_nsec;
	return now.tv_sec;
}

static void send_all(struct lab *lab)
{
	uint8_t packet[PACKET_BYTES];

	for (unsigned i = 0; i < lab->asked_count; i++) {
		size_t len = make_packet(&lab->asked[i], i, packet);

		assert_int_equal(write(lab->in, packet, len), len);
	}
}

/* Sends the batch while it is at_wall_s in the table's time; as often as it takes to stay in it. */
static void send_at(struct lab *lab, const struct cf_plan *plan, int64_t at_wall_s)
{
	for (unsigned tries = 0; tries < 50; tries++) {
		struct cf_table table;
		int64_t begin_s, end_s;
		long ns;

		for (begin_s = now_s(&ns); ns > 600000000; begin_s = now_s(&ns))
			usleep(1000);
		make_moved(plan, begin_s - at_wall_s, &table);
		put(lab, &table);
		memset(lab->seen, 0, sizeof lab->seen);
		send_all(lab);
		end_s = now_s(&ns);
		read_log(lab);
		read_out(lab);
		if (begin_s == end_s)
			return;
	}
	fail_msg("no second was long enough for a batch");
}

static enum cf_fate expected(
    const struct model *model, const struct asked *asked, int64_t at_wall_s)
{
	struct model_decision decision;

	model_decide_addr(model, &asked->client, 0, at_wall_s, &asked->addr, &decision);
	if (!decision.matched)
		return CF_FATE_LET;
	if (decision.verdict == CF_VERDICT_PASS)
		return decision.exception < 0 ? CF_FATE_LET : CF_FATE_ALLOW;
	return decision.verdict == CF_VERDICT_FLAG ? CF_FATE_FLAG : CF_FATE_STOP;
}

static void choose_batch(
    struct lab *lab, struct model_source *source, const struct model *model, int64_t at_wall_s)
{
	lab->asked_count = 0;
	for (unsigned tries = 0; lab->asked_count < BATCH && tries < 100 * BATCH; tries++) {
		struct asked asked = {.client = model_addr_near(source, model),
		    .addr = model_addr_near(source, model)};

		if (asked.client.family != asked.addr.family || !is_routed(&asked.client) ||
		    !is_routed(&asked.addr))
			continue;
		asked.expected = expected(model, &asked, at_wall_s);
		lab->asked[lab->asked_count++] = asked;
	}
}

static void compare(const struct lab *lab, unsigned long seed, int64_t at_wall_s,
    unsigned long counts[CF_FATE_STOP + 1])
{
	static const enum cf_edge_verdict verdicts[] = {[CF_FATE_LET] = CF_EDGE_NONE,
	    [CF_FATE_ALLOW] = CF_EDGE_ALLOW,
	    [CF_FATE_FLAG] = CF_EDGE_FLAG,
	    [CF_FATE_STOP] = CF_EDGE_STOP};

	for (unsigned i = 0; i < lab->asked_count; i++) {
		const struct asked *asked = &lab->asked[i];
		char client[CF_ADDR_TEXT_BYTES], addr[CF_ADDR_TEXT_BYTES];

		counts[asked->expected]++;
		if (lab->seen[i].verdict == verdicts[asked->expected] &&
		    lab->seen[i].came_out == (asked->expected != CF_FATE_STOP))
			continue;
		fail_msg("CF_SEED=%lu CF_CASES=1 shows it: %s to %s at %" PRId64
		         ": expected %s; logged as %d, came out: %d",
		    seed, cf_addr_format(&asked->client, client),
		    cf_addr_format(&asked->addr, addr), at_wall_s, cf_fate_text(asked->expected),
		    lab->seen[i].verdict, lab->seen[i].came_out);
	}
}

static void every_packet_has_the_fate_that_is_decided(void **state)
{
	unsigned long seed = from_environment("CF_SEED", 1),
	              cases = from_environment("CF_CASES", is_full() ? 200 : 8);
	unsigned long counts[CF_FATE_STOP + 1] = {0}, packets = 0;
	struct lab lab;

	(void)state;
	open_lab(&lab);
	if (lab.out < 0) {
		close_lab(&lab);
		skip();
	}
	for (unsigned long i = seed; i < seed + cases; i++) {
		struct model_source source = {.state = i};
		struct model model;
		struct cf_image *image;
		struct cf_plan plan;
		void *data;
		size_t len;

		model_make(&source, &model);
		model_build(&model, &data, &len);
		assert_int_equal(cf_image_from_memory(data, len, &image, NULL), CF_OK);
		assert_int_equal(cf_plan_make(image, true, &plan), CF_OK);
		for (unsigned n = 0; n < INSTANTS; n++) {
			int64_t at_wall_s = 1 + (int64_t)model_choose(&source, 22);

			choose_batch(&lab, &source, &model, at_wall_s);
			send_at(&lab, &plan, at_wall_s);
			compare(&lab, i, at_wall_s, counts);
			packets += lab.asked_count;
		}
		cf_plan_done(&plan);
		cf_image_close(image);
		free(data);
	}
	close_lab(&lab);
	print_message("%lu packets: let %lu, allowed %lu, flagged %lu, stopped %lu\n", packets,
	    counts[CF_FATE_LET], counts[CF_FATE_ALLOW], counts[CF_FATE_FLAG], counts[CF_FATE_STOP]);
	/* The comparison saw all sorts. */
	if (cases >= 8)
		for (unsigned fate = 0; fate <= CF_FATE_STOP; fate++)
			assert_true(counts[fate] > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_packet_has_the_fate_that_is_decided),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
