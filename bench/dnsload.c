/*
 * A DNS load generator for the benchmarks: one thread, one UDP socket, one server on loopback.
 *
 *   dnsload -p PORT -f NAMES [-w WINDOW] [-n COUNT] [-t SECONDS] [-r RATE] [-T QTYPE] [-s SOURCE]
 *
 * NAMES holds one name a line; they are asked in turn, again from the start when COUNT is larger.
 * WINDOW queries are outstanding at once (1: a latency measurement); RATE limits the sending rate
 * (q/s). COUNT and SECONDS together: whichever comes first; SIGTERM ends it, too. A query without
 * an answer for a second is lost. Prints one JSON object: sent, received, lost, seconds, latency
 * percentiles in microseconds, rcodes, and the largest latency with the time it happened.
 *
 * Batches of recvmmsg/sendmmsg keep the generator cheaper than any server it measures; what is
 * measured is the server's CPU time per query, read by bench/run, never this program's speed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define IDS          65536
#define BATCH        32
#define QUERY_BYTES  300
#define ANSWER_BYTES 4096
#define BUCKETS      1000001 /* one microsecond each up to LOST_NS, the last takes the rest */
#define LOST_NS      1000000000ULL

static volatile sig_atomic_t told_to_stop;

static void on_stop(int signal_number)
{
	(void)signal_number;
	told_to_stop = 1;
}

struct query {
	uint8_t wire[QUERY_BYTES];
	uint16_t len;
};

struct load {
	int fd;
	struct query *queries;
	size_t query_count, next;
	uint64_t sent_ns[IDS]; /* 0: id is free */
	unsigned outstanding, window;
	uint16_t next_id;
	uint64_t sent, received, lost, rcodes[16];
	uint64_t *histogram;
	uint64_t worst_ns, worst_at_ns, start_ns;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

/* A recursive query with EDNS; 0 when the name does not fit the wire format. */
static uint16_t make_query(const char *name, unsigned qtype, uint8_t *wire)
{
	static const uint8_t header[12] = {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1};
	static const uint8_t edns[11] = {0, 0, 41, 0x04, 0xd0};
	size_t at = 12;

	if (*name == '\0')
		return 0;
	memcpy(wire, header, sizeof header);
	while (*name != '\0') {
		size_t len = strcspn(name, ".");

		if (len == 0 || len > 63 || at + len + 2 > 12 + 255)
			return 0;
		wire[at++] = (uint8_t)len;
		memcpy(wire + at, name, len);
		at += len;
		name += len + (name[len] == '.');
	}
	wire[at++] = 0;
	wire[at++] = (uint8_t)(qtype >> 8);
	wire[at++] = (uint8_t)qtype;
	wire[at++] = 0;
	wire[at++] = 1;
	memcpy(wire + at, edns, sizeof edns);
	return (uint16_t)(at + sizeof edns);
}

static void read_names(struct load *load, const char *path, unsigned qtype)
{
	FILE *file = fopen(path, "r");
	char line[512];
	size_t room = 0;

	if (file == NULL) {
		perror(path);
		exit(4);
	}
	while (fgets(line, sizeof line, file) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		if (load->query_count == room) {
			room = room == 0 ? 1024 : 2 * room;
			load->queries = realloc(load->queries, room * sizeof *load->queries);
			if (load->queries == NULL)
				abort();
		}
		load->queries[load->query_count].len =
		    make_query(line, qtype, load->queries[load->query_count].wire);
		if (load->queries[load->query_count].len != 0)
			load->query_count++;
	}
	fclose(file);
	if (load->query_count == 0) {
		fprintf(stderr, "dnsload: no name in '%s'\n", path);
		exit(3);
	}
}

/* Fills the window, at most most queries. */
static void send_some(struct load *load, uint64_t most)
{
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	uint8_t wires[BATCH][QUERY_BYTES];
	unsigned count = 0;
	uint64_t now = now_ns();

	while (count < BATCH && count < most && load->outstanding < load->window) {
		const struct query *query = &load->queries[load->next];

		while (load->sent_ns[load->next_id] != 0)
			load->next_id++;
		memcpy(wires[count], query->wire, query->len);
		wires[count][0] = (uint8_t)(load->next_id >> 8);
		wires[count][1] = (uint8_t)load->next_id;
		load->sent_ns[load->next_id++] = now;
		parts[count] = (struct iovec){.iov_base = wires[count], .iov_len = query->len};
		messages[count] =
		    (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[count], .msg_iovlen = 1}};
		load->next = load->next + 1 == load->query_count ? 0 : load->next + 1;
		load->outstanding++;
		count++;
	}
	for (unsigned done = 0; done < count;) {
		int n = sendmmsg(load->fd, messages + done, count - done, 0);

		if (n > 0)
			done += (unsigned)n;
		else if (errno != EAGAIN && errno != ECONNREFUSED && errno != EINTR)
			done = count; /* counted as lost when they time out */
	}
	load->sent += count;
}

static void receive_some(struct load *load)
{
	static uint8_t answers[BATCH][ANSWER_BYTES];
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	uint64_t now;
	int count;

	for (unsigned i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){.iov_base = answers[i], .iov_len = ANSWER_BYTES};
		messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[i], .msg_iovlen = 1}};
	}
	count = recvmmsg(load->fd, messages, BATCH, MSG_DONTWAIT, NULL);
	now = now_ns();
	for (int i = 0; i < count; i++) {
		uint16_t id = (uint16_t)(answers[i][0] << 8 | answers[i][1]);
		uint64_t took;

		if (messages[i].msg_len < 12 || load->sent_ns[id] == 0)
			continue;
		took = now - load->sent_ns[id];
		load->sent_ns[id] = 0;
		load->outstanding--;
		load->received++;
		load->rcodes[answers[i][3] & 15]++;
		load->histogram[took / 1000 < BUCKETS ? took / 1000 : BUCKETS - 1]++;
		if (took > load->worst_ns) {
			load->worst_ns = took;
			load->worst_at_ns = now - load->start_ns;
		}
	}
}

static void expire(struct load *load, uint64_t now)
{
	for (unsigned id = 0; id < IDS; id++)
		if (load->sent_ns[id] != 0 && now - load->sent_ns[id] > LOST_NS) {
			load->sent_ns[id] = 0;
			load->outstanding--;
			load->lost++;
		}
}

static unsigned long percentile(const struct load *load, double fraction)
{
	uint64_t wanted = (uint64_t)((double)load->received * fraction), seen = 0;

	for (unsigned long us = 0; us < BUCKETS; us++) {
		seen += load->histogram[us];
		if (seen > wanted)
			return us;
	}
	return BUCKETS;
}

static void print_result(const struct load *load, uint64_t took_ns)
{
	printf("{\"sent\":%llu,\"received\":%llu,\"lost\":%llu,\"seconds\":%.3f,"
	       "\"p50_us\":%lu,\"p99_us\":%lu,\"p999_us\":%lu,\"max_us\":%.0f,\"max_at_s\":%.3f,"
	       "\"rcodes\":{",
	    (unsigned long long)load->sent, (unsigned long long)load->received,
	    (unsigned long long)load->lost, (double)took_ns / 1e9, percentile(load, 0.5),
	    percentile(load, 0.99), percentile(load, 0.999), (double)load->worst_ns / 1e3,
	    (double)load->worst_at_ns / 1e9);
	for (unsigned i = 0, first = 1; i < 16; i++)
		if (load->rcodes[i] != 0) {
			printf("%s\"%u\":%llu", first ? "" : ",", i,
			    (unsigned long long)load->rcodes[i]);
			first = 0;
		}
	puts("}}");
}

/* Queries that the rate allows at now, without bursts after a pause. */
static uint64_t allowance(const struct load *load, double rate, uint64_t now)
{
	double due = rate * (double)(now - load->start_ns) / 1e9;

	if (rate <= 0)
		return BATCH;
	return due > (double)load->sent ? (uint64_t)(due - (double)load->sent) : 0;
}

static void run(struct load *load, uint64_t count, double seconds, double rate)
{
	uint64_t last_expire_ns;

	load->start_ns = last_expire_ns = now_ns();
	for (;;) {
		struct pollfd wait = {.fd = load->fd, .events = POLLIN};
		uint64_t now = now_ns();
		bool sending = told_to_stop == 0 && (count == 0 || load->sent < count) &&
		    (seconds <= 0 || (double)(now - load->start_ns) < seconds * 1e9);
		uint64_t most = allowance(load, rate, now);

		if (!sending && load->outstanding == 0)
			break;
		if (sending && most > 0)
			send_some(load,
			    count != 0 && count - load->sent < most ? count - load->sent : most);
		/* A rate-limited generator sleeps so that it does not steal the server's core. */
		if (load->outstanding == load->window || !sending || rate > 0)
			poll(&wait, 1, 1);
		receive_some(load);
		if (now - last_expire_ns > LOST_NS / 10) {
			expire(load, now_ns()); /* now is older than what was just sent */
			last_expire_ns = now;
		}
	}
	print_result(load, now_ns() - load->start_ns);
}

int main(int argc, char **argv)
{
	struct sockaddr_in server = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in source = {.sin_family = AF_INET};
	struct load load = {.window = 100};
	unsigned qtype = 1;
	uint64_t count = 0;
	double seconds = 0, rate = 0;
	const char *names = NULL;
	int size = 4 << 20, option;

	while ((option = getopt(argc, argv, "p:f:w:n:t:r:T:s:")) != -1) {
		switch (option) {
		case 'p':
			server.sin_port = htons((uint16_t)strtoul(optarg, NULL, 10));
			break;
		case 'f':
			names = optarg;
			break;
		case 'w':
			load.window = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'n':
			count = strtoull(optarg, NULL, 10);
			break;
		case 't':
			seconds = strtod(optarg, NULL);
			break;
		case 'r':
			rate = strtod(optarg, NULL);
			break;
		case 'T':
			qtype = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 's':
			if (inet_pton(AF_INET, optarg, &source.sin_addr) != 1)
				return 2;
			break;
		default:
			return 2;
		}
	}
	if (names == NULL || server.sin_port == 0 || (count == 0 && seconds <= 0) ||
	    load.window == 0 || load.window > IDS / 2) {
		fprintf(stderr,
		    "usage: dnsload -p PORT -f NAMES [-w WINDOW] [-n COUNT] [-t SECONDS] "
		    "[-r RATE] [-T QTYPE] [-s SOURCE]\n");
		return 2;
	}
	signal(SIGTERM, on_stop);
	load.histogram = calloc(BUCKETS, sizeof *load.histogram);
	read_names(&load, names, qtype);
	load.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	setsockopt(load.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	if (load.histogram == NULL || load.fd < 0 ||
	    bind(load.fd, (struct sockaddr *)&source, sizeof source) != 0 ||
	    connect(load.fd, (struct sockaddr *)&server, sizeof server) != 0) {
		perror("dnsload");
		return 4;
	}
	run(&load, count, seconds, rate);
	return 0;
}
