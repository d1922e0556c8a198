/*
 * A made-up network, played into logs, and what is true of it. One file: what happens in the made-
 * up network and what is then true of it are written down in one step.
 */

#include "world.h"

#include "records/form/alive.h"
#include "records/write/log.h"
#include "records/write/privacy.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DAY_MIN    1440u
#define EPOCH_DAY  4u   /* all leases of a site change hands this often ... */
#define CHANGE_MIN 617u /* ... at 10:17 */
#define WINDOW     (14u * DAY_MIN)
#define RECENT     (3u * DAY_MIN)
#define ALIVE      (3u * DAY_MIN)
#define TOLERANCE  5u
#define LAG        60u

/*
 * CLOSING: the end, at until, of a connection of which ESCAPE is the beginning. ASKED: the resolver
 * was asked something that is no business of ours.
 */
enum what { SEEN, HIT, EXCEPTED, ESCAPE, INJECTED, VISIT, CLOSING, RELAYED, ASKED };

struct event {
	uint32_t minute, until; /* until: of SEEN, ESCAPE and CLOSING */
	uint32_t host, addr;
	uint8_t what;
	bool by_monitor;
	bool twice;    /* a second witness: the monitor of a look-up, a TLS name of a connection */
	bool is_last;  /* sight of the host at this address */
	bool answered; /* a flagged connection in which something came back */
};

struct events {
	struct event *items;
	size_t count, size;
};

struct host {
	enum world_role role;
	uint32_t quits_minute; /* last minute of hits, or of life */
	uint32_t local;        /* number within its site */
	uint32_t moves_day;    /* laptops: from then on at the next site; 0 never */
};

/* One vantage point and when it fails. */
struct sensor {
	bool *watched;               /* by minute */
	uint32_t down_from, down_to; /* minutes: closed in order, opened again */
	uint32_t loss_at;            /* a heartbeat that tells of drops; 0 none */
	uint32_t crash_at; /* the log ends torn here and is opened a minute later; 0 none */
	uint32_t blind_from, blind_to; /* the cable is pulled between these minutes; 0 never */
	uint64_t drops;
};

#define RELAY "10.250.0.1"
/* The MAC of what is a router and nothing else. */
#define ROUTER_MAC 0xff0000u
/* Keys of pseudonyms lie beside the logs. */
#define KEY_BYTES 32

static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* A number below limit that follows from the seed and three others. */
static uint32_t draw(const struct world *w, uint64_t a, uint64_t b, uint64_t c, uint32_t limit)
{
	return (uint32_t)(mix(w->seed ^ mix(a * 31 + mix(b * 37 + mix(c)))) % limit);
}

static void push(struct events *events, const struct event *event)
{
	if (events->count == events->size) {
		events->size = events->size == 0 ? 4096 : events->size * 2;
		events->items = realloc(events->items, events->size * sizeof *events->items);
		assert_non_null(events->items);
	}
	events->items[events->count++] = *event;
}

/* This site has a resolver and no monitor. */
static bool is_bare(const struct world *w, uint32_t site)
{
	return w->bare != WORLD_WATCHED && site == w->sites - 1;
}

static bool is_truncated(const struct world *w)
{
	return w->privacy != NULL && strcmp(w->privacy, "truncate") == 0;
}

static struct host host_of(const struct world *w, uint32_t number)
{
	static const uint8_t roles[20] = {
	    0, 0, 0, 0, 0, 0, 0, 8, 1, 1, 9, 2, 2, 2, 3, 4, 5, 6, 6, 7};
	struct host host = {
	    .role = (enum world_role)roles[draw(w, number, 1, 0, 20)], .local = number / w->sites};

	host.quits_minute = UINT32_MAX;
	if (host.role == WORLD_MIGRATED || host.role == WORLD_SILENT ||
	    host.role == WORLD_BYPASSING)
		host.quits_minute = (1 + draw(w, number, 2, 0, w->days - 1)) * DAY_MIN - 300;
	/* A pseudonym's MAC is a local one, and says nothing elsewhere. */
	if (host.role != WORLD_ROUTED && draw(w, number, 3, 0, 15) == 0 && w->days > 12 &&
	    w->sites > 1 && w->privacy == NULL && !is_bare(w, number % w->sites) &&
	    !is_bare(w, (number + 1) % w->sites))
		host.moves_day = EPOCH_DAY * (1 + draw(w, number, 4, 0, w->days / EPOCH_DAY - 1));
	return host;
}

static uint32_t site_at(
    const struct world *w, const struct host *host, uint32_t number, uint32_t epoch)
{
	uint32_t site = number % w->sites;

	return host->moves_day > 0 && epoch * EPOCH_DAY >= host->moves_day ? (site + 1) % w->sites
	                                                                   : site;
}

/* Nobody knows more of it than its address, which it keeps. */
static bool is_by_addr(const struct world *w, const struct host *host, uint32_t number)
{
	return host->role == WORLD_ROUTED ||
	    (w->bare == WORLD_BARE && is_bare(w, number % w->sites));
}

/*
 * Every epoch everybody moves on; movers have a range of their own, so that nobody collides. Where
 * addresses are truncated, a site has several networks.
 */
static uint32_t addr_at(
    const struct world *w, const struct host *host, uint32_t number, uint32_t epoch)
{
	uint32_t pool = w->hosts / w->sites + 7;
	uint32_t slot = (host->local + epoch * 3) % pool;

	if (is_by_addr(w, host, number))
		return 0x0ac80000u + host->local + 1;
	if (host->moves_day > 0)
		return 0x0a640000u + (epoch & 1) * 0x10000u + number * 2 + 1;
	return 0x0a000000u + (is_truncated(w) ? slot % 3 * 256 + slot / 3 : slot) + 1;
}

/*
 * The MAC that carries the traffic of a host behind a router: a router's, or that of another host,
 * which forwards for its containers.
 */
static uint32_t gate_of(const struct world *w, uint32_t number)
{
	const uint32_t others[2] = {number + w->sites, number - w->sites};
	uint32_t other = others[draw(w, number, 90, 0, 2)];

	if (other >= w->hosts || draw(w, number, 91, 0, 3) == 0)
		return ROUTER_MAC;
	struct host host = host_of(w, other);

	return host.role == WORLD_ROUTED || host.moves_day > 0 ? ROUTER_MAC : other;
}

/* Others' traffic comes through it. */
static bool is_gate(const struct world *w, uint32_t number)
{
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t other = i == 0 ? number + w->sites : number - w->sites;

		if (other < w->hosts && host_of(w, other).role == WORLD_ROUTED &&
		    gate_of(w, other) == number)
			return true;
	}
	return false;
}

static uint32_t mac_of(const struct world *w, uint32_t number)
{
	return host_of(w, number).role == WORLD_ROUTED ? gate_of(w, number) : number;
}

/* Minutes of epoch in which the host is there: a few minutes less than all, for the change of
 * hands. */
static void epoch_span(
    const struct world *w, uint32_t number, uint32_t epoch, uint32_t *from, uint32_t *to)
{
	*from = epoch == 0
	    ? draw(w, number, 5, 0, 60)
	    : epoch * EPOCH_DAY * DAY_MIN + CHANGE_MIN + 6 + draw(w, number, 6, epoch, 9);
	*to = (epoch + 1) * EPOCH_DAY * DAY_MIN + CHANGE_MIN - 6 - draw(w, number, 7, epoch, 9);
	if (*to > w->days * DAY_MIN - 1)
		*to = w->days * DAY_MIN - 1;
}

static void see_host(const struct world *w, struct events *events, uint32_t number, uint32_t addr,
    uint32_t from, uint32_t to)
{
	uint32_t step = w->sighting_hours * 60;

	for (uint32_t at = from; at < to; at += step) {
		bool is_last = at + step >= to; /* it says until when: then it may be given back */
		uint32_t until = is_last ? to : at + step - 10;
		struct event event = {.minute = at,
		    .until = until,
		    .host = number,
		    .addr = addr,
		    .what = SEEN,
		    .is_last = is_last};

		push(events, &event);
	}
}

static void hit_days(const struct world *w, struct events *events, const struct host *host,
    uint32_t number, uint32_t addr, uint32_t from, uint32_t to)
{
	static const uint8_t whats[WORLD_ROLES] = {
	    SEEN, HIT, HIT, EXCEPTED, ESCAPE, INJECTED, HIT, HIT, VISIT, RELAYED};

	bool bare = is_bare(w, number % w->sites);

	/* Without a monitor nobody sees flows. */
	if (host->role == WORLD_CLEAN ||
	    (bare && (host->role == WORLD_BYPASSING || host->role == WORLD_RELAYED)))
		return;
	for (uint32_t day = from / DAY_MIN; day <= to / DAY_MIN; day++) {
		uint32_t hits = 1 + draw(w, number, 8, day, 4);

		for (uint32_t i = 0; i < hits; i++) {
			struct event event = {
			    .minute = day * DAY_MIN + draw(w, number, 9 + i, day, DAY_MIN),
			    .host = number,
			    .addr = addr,
			    .what = whats[host->role]};

			if (event.minute < from || event.minute > to ||
			    event.minute > host->quits_minute)
				continue;
			/* Escapes are flows: only a monitor sees them. Some hits are seen by it as
			 * well. */
			event.by_monitor = !bare &&
			    (event.what == ESCAPE || event.what == RELAYED ||
			        draw(w, number, 20 + i, day, 5) == 0);
			event.answered = event.what == HIT && event.by_monitor &&
			    draw(w, number, 50 + i, day, 2) == 0;
			event.twice = !bare && (!event.by_monitor || event.what == ESCAPE) &&
			    draw(w, number, 30 + i, day, 3) == 0;
			if (event.what == ESCAPE) {
				event.until = event.minute +
				    draw(w, number, 40 + i, day, i % 2 == 0 ? 2 : 700);
				if (event.until > to)
					event.until = to;
			}
			push(events, &event);
			if (event.what == ESCAPE) {
				event.what = CLOSING;
				push(events, &event);
			}
		}
	}
}

/* What everybody asks the resolver for, some times a day. */
static void ask_days(const struct world *w, struct events *events, uint32_t number, uint32_t addr,
    uint32_t from, uint32_t to)
{
	for (uint32_t day = from / DAY_MIN; day <= to / DAY_MIN; day++)
		for (uint32_t i = 0; i < 4; i++) {
			struct event event = {
			    .minute = day * DAY_MIN + draw(w, number, 92 + i, day, DAY_MIN),
			    .host = number,
			    .addr = addr,
			    .what = ASKED};

			if (event.minute >= from && event.minute < to)
				push(events, &event);
		}
}

/* What the host does at this site. */
static void live(const struct world *w, struct events *events, uint32_t number, uint32_t site)
{
	struct host host = host_of(w, number);

	for (uint32_t epoch = 0; epoch * EPOCH_DAY * DAY_MIN < w->days * DAY_MIN; epoch++) {
		uint32_t from, to, addr = addr_at(w, &host, number, epoch);

		if (site != UINT32_MAX && site_at(w, &host, number, epoch) != site)
			continue;
		epoch_span(w, number, epoch, &from, &to);
		if (host.role == WORLD_SILENT && to > host.quits_minute)
			to = host.quits_minute;
		if (from >= to)
			continue;
		if (!is_bare(w, number % w->sites))
			see_host(w, events, number, addr, from, to);
		ask_days(w, events, number, addr, from, to);
		hit_days(w, events, &host, number, addr, from, to);
	}
}

/* When it is told. */
static uint32_t told_at(const struct event *event)
{
	return event->what == SEEN || event->what == CLOSING ? event->until : event->minute;
}

static int by_minute(const void *a, const void *b)
{
	const struct event *x = a, *y = b;
	uint32_t p = told_at(x), q = told_at(y);

	if (p != q)
		return p < q ? -1 : 1;
	if (x->host != y->host)
		return x->host < y->host ? -1 : 1;
	if (x->minute != y->minute)
		return x->minute < y->minute ? -1 : 1;
	return (x->what > y->what) - (x->what < y->what);
}

static struct cf_addr addr_of(uint32_t number)
{
	const uint8_t bytes[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
	    (uint8_t)(number >> 8), (uint8_t)number};

	return cf_addr_v4(bytes);
}

static void set_mac(uint8_t mac[6], uint32_t number)
{
	const uint8_t bytes[6] = {
	    0x00, 0x1b, 0x21, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};

	memcpy(mac, bytes, 6);
}

/* ---- logs */

struct player {
	const struct world *w;
	struct sensor *sensor;
	struct cf_log *log;
	struct cf_producer *producer;
	char path[128];
	char name[24];
	bool is_monitor;
	uint32_t rotations, minute;
	unsigned scheme; /* of names that rotated files get */
	uint64_t wild;   /* records of impossible instants */
};

static int64_t wall_us(uint32_t minute)
{
	return (WORLD_START_S + minute * INT64_C(60)) * 1000000;
}

/* Pulled ten seconds after the first of these minutes, and back at the last. */
static void fill_blindness(const struct player *player, struct cf_heartbeat *heartbeat)
{
	const struct sensor *sensor = player->sensor;
	uint32_t from = sensor->blind_from, minute = player->minute;

	if (from == 0 || minute <= from)
		return;
	heartbeat->dark_s =
	    ((minute < sensor->blind_to ? minute : sensor->blind_to) - from) * UINT64_C(60) - 10;
	if (minute > sensor->blind_to)
		return;
	heartbeat->blind_since_wall_us =
	    minute == from + 1 ? wall_us(from) + 10000000 : wall_us(minute - 1);
}

static void fill_heartbeat(void *arg, struct cf_heartbeat *heartbeat)
{
	const struct player *player = arg;

	heartbeat->packets = player->is_monitor ? 1000 : 0;
	heartbeat->queries = player->is_monitor ? 0 : 1000;
	heartbeat->kernel_drops = player->sensor->drops;
	fill_blindness(player, heartbeat);
}

static void key_path(const struct world *w, char key[128])
{
	snprintf(key, 128, "%s/key", w->dir);
}

static void open_player(struct player *player, uint32_t minute)
{
	char key[128];

	key_path(player->w, key);
	player->minute = minute;
	const struct cf_log_options options = {.path = player->path,
	    .sensor = player->name,
	    .source = player->is_monitor ? "monitor" : "resolver",
	    .fold_s = player->is_monitor ? 0 : 60,
	    .privacy = player->w->privacy == NULL ? "full" : player->w->privacy,
	    .privacy_key_file = key,
	    .synchronous = true,
	    .heartbeat = fill_heartbeat,
	    .arg = player};
	struct cf_error error;

	player->sensor->drops = 0;
	assert_int_equal(cf_log_open(&options, &player->log, &error), CF_OK);
	player->producer = cf_log_producer(player->log);
	assert_non_null(player->producer);
	cf_log_pump(player->log, wall_us(minute));
}

static void run(const char *format, ...) CF_PRINTF(1, 2);
static void run(const char *format, ...)
{
	char command[400];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof command, format, args);
	va_end(args);
	assert_int_equal(system(command), 0);
}

/* The name that logrotate gives to the file that goes now, number 1 being the newest. */
static void rotated_name(const struct player *player, uint32_t number, char name[192])
{
	long long now = (long long)(wall_us(player->minute) / 1000000);
	int stem = (int)(strlen(player->path) - strlen(".jsonl"));

	switch (player->scheme) {
	case 0: /* numbers */
		snprintf(name, 192, "%s.%u", player->path, number);
		break;
	case 1: /* extension .jsonl */
		snprintf(name, 192, "%.*s.%u.jsonl", stem, player->path, number);
		break;
	case 2: /* dateext, to the minute's second */
		snprintf(name, 192, "%s-%lld", player->path, now);
		break;
	default: /* dateformat .%Y%m%d: January 2026 has room for the world's days */
		snprintf(name, 192, "%s.202601%02u", player->path, 5 + player->minute / DAY_MIN);
		break;
	}
}

static bool packed_name(const char *name, const char *ending, char packed[200])
{
	snprintf(packed, 200, "%s%s", name, ending);
	return access(packed, F_OK) == 0;
}

/* Numbers move up, from the oldest on. */
static void move_up(const struct player *player)
{
	static const char *const endings[] = {"", ".gz", ".zst"};

	for (uint32_t number = player->rotations; number > 0; number--)
		for (size_t i = 0; i < 3; i++) {
			char name[192], next[192], from[200], to[200];

			rotated_name(player, number, name);
			rotated_name(player, number + 1, next);
			if (!packed_name(name, endings[i], from))
				continue;
			(void)packed_name(next, endings[i], to);
			assert_int_equal(rename(from, to), 0);
		}
}

/* logrotate's work: the writer notices by itself at the next tick. */
static void rotate(struct player *player, uint32_t minute)
{
	char old[192];

	if (player->scheme < 2)
		move_up(player);
	player->rotations++;
	rotated_name(player, 1, old);
	assert_int_equal(rename(player->path, old), 0);
	cf_log_pump(player->log, wall_us(minute) + 2000000);
	if (player->rotations % 3 == 0)
		run("gzip '%s'", old);
	else if (player->rotations % 3 == 1)
		run("zstd -q --rm '%s'", old);
}

/* Cuts the log in the middle of its last line, as a power cut would. */
static void crash(struct player *player)
{
	struct stat st;

	cf_log_close(player->log);
	assert_int_equal(stat(player->path, &st), 0);
	assert_int_equal(truncate(player->path, st.st_size - 100), 0);
}

static void play_event(struct player *player, const struct event *event)
{
	struct cf_hit hit = {.at_wall_us = wall_us(event->minute) + 30000000,
	    .event = CF_EVENT_DNS,
	    .action = CF_ACTION_BLOCK,
	    .via = CF_VIA_QNAME,
	    .src = addr_of(event->addr),
	    .ip_proto = IPPROTO_UDP,
	    .match = {.value = {.data = "dnl-01.geo.kaspersky.com", .len = 24},
	        .rule = "kaspersky.com",
	        .rule_type = "subtree",
	        .list = "kaspersky",
	        .category = "updates",
	        .product = "KES",
	        .confidence = "documented"},
	    .policy = {.name = "us", .phase = "end", .cutoff_wall_s = 1727582400},
	    .key = 1};

	if (player->is_monitor && !event->by_monitor) {
		/* The look-up that the resolver refused, as it passed the monitor. */
		hit.action = CF_ACTION_OBSERVE;
		hit.dns.outcome = "nxdomain";
		hit.dns.own_resolver = "own";
		hit.at_wall_us += 1000;
	} else if (player->is_monitor) {
		hit.event = CF_EVENT_TLS;
		hit.action = CF_ACTION_OBSERVE;
		hit.via = CF_VIA_SNI;
	}
	if (player->is_monitor) {
		hit.vlan = (uint16_t)(10 * (1 + event->host % 3));
		hit.has_src_mac = true;
		set_mac(hit.src_mac, mac_of(player->w, event->host));
	}
	switch ((enum what)event->what) {
	case EXCEPTED:
		hit.action = CF_ACTION_ALLOW;
		hit.policy.exception_owner = "jdoe";
		break;
	case ESCAPE:
		hit.event = CF_EVENT_FLOW;
		hit.via = CF_VIA_DEST_IP;
		hit.flow.state = "syn";
		break;
	case CLOSING:
		hit.event = CF_EVENT_FLOW;
		hit.via = event->twice ? CF_VIA_SNI : CF_VIA_DEST_IP;
		hit.flow.state = "closed";
		hit.flow.first_wall_us = hit.at_wall_us;
		hit.at_wall_us = wall_us(event->until) + 45000000;
		hit.flow.pkts_out = hit.flow.pkts_in = 7;
		hit.flow.bytes_out = hit.flow.bytes_in = 1000;
		hit.flow.escape = true;
		hit.key += (uint64_t)event->minute << 32;
		break;
	case INJECTED:
		hit.match.category = "local-injection";
		break;
	case VISIT:
		hit.match.category = "corporate";
		break;
	case RELAYED:
		hit.event = CF_EVENT_LAN;
		hit.via = CF_VIA_LAN_PORT;
		hit.relay = RELAY;
		hit.match.category = "product-service";
		hit.match.rule = "tcp/13000";
		hit.match.rule_type = "port";
		break;
	case SEEN:
	case ASKED:
	case HIT:
		break;
	}
	hit.key += event->what;
	assert_true(cf_producer_hit(player->producer, &hit));
	if (event->answered) {
		hit.event = CF_EVENT_FLOW;
		hit.flow.state = "closed";
		hit.flow.first_wall_us = hit.at_wall_us;
		hit.at_wall_us += 20000000;
		hit.flow.pkts_out = hit.flow.pkts_in = 5;
		hit.flow.bytes_out = hit.flow.bytes_in = 900;
		hit.flow.payload_in = 600;
		hit.key += (uint64_t)event->minute << 32;
		assert_true(cf_producer_hit(player->producer, &hit));
	}
	if (event->what != ESCAPE || !event->twice)
		return;
	hit.event = CF_EVENT_TLS;
	hit.via = CF_VIA_SNI;
	hit.key += 100;
	assert_true(cf_producer_hit(player->producer, &hit));
}

/* Why the address is given up after its last sighting. */
static const char *end_of(const struct world *w, const struct event *event)
{
	static const char *const ends[] = {
	    "released", "refused", "declined", "expired", "replaced"};

	return ends[draw(w, event->host, 62, event->minute, 5)];
}

static void play_sighting(struct player *player, const struct event *event)
{
	struct host host = host_of(player->w, event->host);
	char name[24];
	struct cf_identity identity = {.from_wall_us = wall_us(event->minute) + 10000000,
	    .to_wall_us = wall_us(event->until) + 10000000,
	    .addr = addr_of(event->addr),
	    .has_mac = true,
	    .vlan = (uint16_t)(10 * (1 + event->host % 3)),
	    .kind = host.role == WORLD_ROUTED ? "traffic" : "dhcp",
	    .is_router = host.role == WORLD_ROUTED ||
	        (event->minute > 3000 && is_gate(player->w, event->host))};
	int len = snprintf(name, sizeof name, "pc-%u", event->host);

	set_mac(identity.mac, mac_of(player->w, event->host));
	if (host.role != WORLD_ROUTED)
		identity.name = (struct cf_text){.data = name, .len = (size_t)len};
	if (event->is_last && draw(player->w, event->host, 61, event->minute, 8) == 0)
		identity.end = end_of(player->w, event);
	assert_true(cf_producer_identity(player->producer, &identity));
	if (host.role == WORLD_ROUTED)
		return;
	/* The server's lease file has it as well; the client gives it back sometimes, or is refused
	 * when it would renew it, and asks. */
	identity.kind = "lease";
	if (event->is_last && draw(player->w, event->host, 60, event->minute, 3) == 0)
		identity.end = end_of(player->w, event);
	assert_true(cf_producer_identity(player->producer, &identity));
	identity.addr = (struct cf_addr){0};
	identity.kind = "dhcp";
	identity.end = NULL;
	assert_true(cf_producer_identity(player->producer, &identity));
}

/* Who asked the resolver in this minute; a line also when nobody did. */
static void play_asked(struct player *player, struct events *asked)
{
	struct cf_alive_client *clients = calloc(asked->count + 1, sizeof *clients);

	assert_non_null(clients);
	for (size_t i = 0; i < asked->count; i++)
		clients[i].addr = addr_of(asked->items[i].addr);
	qsort(clients, asked->count, sizeof *clients, cf_alive_compare);
	const struct cf_alive alive = {.from_wall_us = wall_us(player->minute),
	    .to_wall_us = wall_us(player->minute + 1),
	    .clients = clients,
	    .count = cf_alive_unique(clients, asked->count)};

	assert_true(cf_producer_alive(player->producer, &alive));
	free(clients);
	asked->count = 0;
}

static struct cf_hit wild_hit(int64_t at_s)
{
	return (struct cf_hit){.at_wall_us = at_s * 1000000,
	    .event = CF_EVENT_DNS,
	    .action = CF_ACTION_BLOCK,
	    .via = CF_VIA_QNAME,
	    .src = addr_of(0x0a0000fe),
	    .match = {.rule = "kaspersky.com",
	        .rule_type = "subtree",
	        .list = "kaspersky",
	        .category = "updates"},
	    .key = 7};
}

/* A hit by a clock that nobody had set yet, and a lease without measure. */
static void play_wrong_clock(struct player *player, uint32_t minute)
{
	const struct cf_hit hit = wild_hit(INT64_C(946684807));
	struct cf_identity identity = {.from_wall_us = wall_us(minute),
	    .to_wall_us = INT64_C(253370764800) * 1000000,
	    .addr = addr_of(0x0a0000fe),
	    .kind = "lease"};

	assert_true(cf_producer_hit(player->producer, &hit));
	assert_true(cf_producer_identity(player->producer, &identity));
	player->wild += 2;
}

static uint64_t lines_of(const char *path)
{
	FILE *file = fopen(path, "re");
	uint64_t lines = 0;
	int c;

	assert_non_null(file);
	while ((c = fgetc(file)) != EOF)
		lines += c == '\n';
	fclose(file);
	return lines;
}

/* A sensor whose clock is many years ahead: all it says; returns the number of its lines. */
static uint64_t make_wild_log(const struct world *w, uint32_t site)
{
	const int64_t wild_s = INT64_C(4070908800);
	char path[128];
	struct cf_log_options options = {.path = path,
	    .sensor = "wild",
	    .source = "resolver",
	    .fold_s = 60,
	    .privacy = "full",
	    .synchronous = true};
	struct cf_error error;
	struct cf_log *log;

	snprintf(path, sizeof path, "%s/s%u/wild.jsonl", w->dir, site);
	assert_int_equal(cf_log_open(&options, &log, &error), CF_OK);
	struct cf_producer *producer = cf_log_producer(log);

	assert_non_null(producer);
	for (unsigned i = 0; i < 5; i++) {
		const struct cf_hit hit = wild_hit(wild_s + i * 60);

		assert_true(cf_producer_hit(producer, &hit));
		cf_log_pump(log, (wild_s + i * 60) * 1000000);
	}
	cf_log_close(log);
	return lines_of(path);
}

static bool is_told_by(const struct event *event, bool monitor)
{
	return event->what == SEEN ? monitor
	    : event->what == ASKED ? !monitor
	                           : event->by_monitor == monitor || (monitor && event->twice);
}

/* One log of one site, minute by minute. What happens while it is down is not seen by it. */
static void play(struct player *player, struct events *events)
{
	struct sensor *sensor = player->sensor;
	uint32_t end = player->w->days * DAY_MIN;
	struct events asked = {0};
	size_t next = 0;

	open_player(player, 0);
	for (uint32_t minute = 0; minute < end; minute++) {
		bool is_up = minute < sensor->down_from || minute >= sensor->down_to;

		player->minute = minute;
		if (minute == sensor->down_from)
			cf_log_close(player->log);
		if (minute == sensor->down_to)
			open_player(player, minute);
		for (; next < events->count; next++) {
			const struct event *event = &events->items[next];

			if (told_at(event) > minute)
				break;
			if (!is_told_by(event, player->is_monitor))
				continue;
			assert_true(is_up);
			if (event->what == SEEN)
				play_sighting(player, event);
			else if (event->what == ASKED)
				push(&asked, event);
			else
				play_event(player, event);
		}
		if (!is_up)
			continue;
		if (!player->is_monitor)
			play_asked(player, &asked);
		if (minute == 1000 && player->scheme % 2 == 0)
			play_wrong_clock(player, minute);
		if (sensor->crash_at > 0 && minute == sensor->crash_at) {
			crash(player);
			open_player(player, minute);
		} else {
			if (sensor->loss_at > 0 && minute == sensor->loss_at)
				sensor->drops = 7;
			cf_log_pump(player->log, wall_us(minute));
			if (minute % (player->w->rotate_days * DAY_MIN) ==
			    player->w->rotate_days * DAY_MIN - 77)
				rotate(player, minute);
		}
	}
	cf_log_close(player->log);
	free(asked.items);
}

/*
 * A day for a failure between these minutes of it. Sightings that would be told then are lost. That
 * of an address's new holder must not be: the one before is rightly taken to hold it still. So what
 * would fall between a change of leases and its last first sighting comes the day before instead.
 */
static uint32_t quiet_day(
    const struct world *w, uint32_t number, uint32_t what, uint32_t from, uint32_t to)
{
	uint32_t day = 1 + draw(w, number, what, 0, w->days - 2), since = day % EPOCH_DAY;
	uint32_t told = CHANGE_MIN + 15 + w->sighting_hours * 60; /* epoch_span(), see_host() */

	if (day < EPOCH_DAY || since * DAY_MIN + to < CHANGE_MIN || since * DAY_MIN + from > told)
		return day;
	return day - since - 1;
}

/* Nothing is recorded by the failing sensor then (the caller drops such events from the truth and
 * the log). */
static void plan_failures(const struct world *w, struct sensor *sensor, uint32_t number)
{
	uint32_t end = w->days * DAY_MIN;

	*sensor = (struct sensor){.down_from = UINT32_MAX, .down_to = UINT32_MAX};
	sensor->watched = calloc(end, sizeof *sensor->watched);
	assert_non_null(sensor->watched);
	if (number % 3 == 1) {
		uint32_t minutes = 20 + draw(w, number, 51, 0, 600);

		sensor->down_from = quiet_day(w, number, 50, 180, 180 + minutes) * DAY_MIN + 180;
		sensor->down_to = sensor->down_from + minutes;
	}
	if (number % 3 == 2)
		sensor->loss_at = (1 + draw(w, number, 52, 0, w->days - 2)) * DAY_MIN + 200;
	if (number % 4 == 3)
		sensor->crash_at = quiet_day(w, number, 53, 245, 252) * DAY_MIN + 250;
	if (number % 5 == 1 || number % 5 == 3) {
		uint32_t minutes = 3 + draw(w, number, 55, 0, 40);

		sensor->blind_from =
		    quiet_day(w, number, 54, 1100, 1100 + minutes) * DAY_MIN + 1100;
		sensor->blind_to = sensor->blind_from + minutes;
	}
	if (number % 2 == 0)
		sensor->blind_from = sensor->blind_to = 0; /* resolvers have no cable to watch */
	for (uint32_t minute = 0; minute < end; minute++)
		sensor->watched[minute] =
		    (minute < sensor->down_from || minute >= sensor->down_to) &&
		    (sensor->blind_from == 0 || minute < sensor->blind_from ||
		        minute > sensor->blind_to);
	if (number % 2 == 1 && is_bare(w, number / 2)) {
		memset(sensor->watched, 0, end);
		return;
	}
	/* The last heartbeat of an orderly end is that of the minute before. */
	if (sensor->loss_at > 0) {
		sensor->watched[sensor->loss_at - 1] = false;
		sensor->watched[sensor->loss_at] = false;
	}
}

static bool is_lost(const struct sensor *sensor, const struct event *event)
{
	uint32_t at = told_at(event);

	/* A connection of which one end was not seen did not happen. */
	if (event->what == ESCAPE || event->what == CLOSING) {
		const struct event begun = {.what = SEEN, .until = event->minute};
		const struct event ended = {.what = SEEN, .until = event->until};

		return is_lost(sensor, &begun) || is_lost(sensor, &ended);
	}
	/* A crash tears the last minutes off: keep those free of events too. */
	return (at >= sensor->down_from && at <= sensor->down_to) ||
	    (sensor->blind_from > 0 && at >= sensor->blind_from && at <= sensor->blind_to) ||
	    (sensor->crash_at > 0 && at + 5 >= sensor->crash_at && at <= sensor->crash_at + 2);
}

/* By one of its witnesses: then it did not happen. sensors: of its site. */
static bool is_lost_by_any(const struct sensor *sensors, const struct event *event)
{
	return (is_told_by(event, false) && is_lost(&sensors[0], event)) ||
	    (is_told_by(event, true) && is_lost(&sensors[1], event));
}

static bool is_connection(const struct event *event)
{
	return event->by_monitor && event->what != SEEN && event->what != ASKED;
}

static bool is_close(uint32_t a, uint32_t b)
{
	return a < b ? b - a < 4 : a - b < 4;
}

/* Both are connections from one network, of two machines, at about one time: one or two? */
static bool are_confused(const struct event *a, const struct event *b)
{
	return a->host != b->host && a->addr >> 8 == b->addr >> 8 && is_connection(a) &&
	    is_connection(b) &&
	    (is_close(a->minute, b->minute) ||
	        (a->what == CLOSING && is_close(a->until, b->minute)) ||
	        (b->what == CLOSING && is_close(a->minute, b->until)) ||
	        (a->what == CLOSING && b->what == CLOSING && is_close(a->until, b->until)));
}

/*
 * Where addresses are truncated nobody can tell one machine's connection from another's of the same
 * minute: of two that would be taken for one, the later host's does not happen.
 */
static void tell_apart(struct events *events)
{
	bool *dropped = calloc(events->count + 1, sizeof *dropped);
	size_t kept = 0;

	assert_non_null(dropped);
	for (size_t i = 0; i < events->count; i++)
		for (size_t j = 0; j < events->count && is_connection(&events->items[i]); j++)
			if (events->items[j].host < events->items[i].host &&
			    are_confused(&events->items[j], &events->items[i]))
				dropped[i] = true;
	/* Both ends of a connection. */
	for (size_t i = 0; i < events->count; i++)
		for (size_t j = 0; j < events->count && dropped[i]; j++)
			if (events->items[j].host == events->items[i].host &&
			    events->items[j].minute == events->items[i].minute &&
			    is_connection(&events->items[j]))
				dropped[j] = true;
	for (size_t i = 0; i < events->count; i++)
		if (!dropped[i])
			events->items[kept++] = events->items[i];
	events->count = kept;
	free(dropped);
}

/* All that happened at the site and was recorded, in order. */
static struct events events_of(const struct world *w, uint32_t site, const struct sensor *sensors)
{
	struct events events = {0};
	size_t kept = 0;

	for (uint32_t number = 0; number < w->hosts; number++)
		live(w, &events, number, site);
	qsort(events.items, events.count, sizeof *events.items, by_minute);
	for (size_t i = 0; i < events.count; i++)
		if (!is_lost_by_any(&sensors[site * 2], &events.items[i]))
			events.items[kept++] = events.items[i];
	events.count = kept;
	if (is_truncated(w))
		tell_apart(&events);
	return events;
}

/* ---- truth, the naive way */

struct diary {
	bool *alive, *hit, *excepted, *escape, *visit;
	bool *seen_by; /* by day and sensor */
};

static bool stretch_ok(const bool *marks, uint32_t from, uint32_t to, uint32_t most)
{
	uint32_t gap = 0;

	for (uint32_t m = from; m < to; m++) {
		gap = marks[m] ? 0 : gap + 1;
		if (gap > most)
			return false;
	}
	return true;
}

static uint32_t last_of(const bool *marks, uint32_t from, uint32_t to)
{
	for (uint32_t m = to; m > from; m--)
		if (marks[m - 1])
			return m - 1;
	return UINT32_MAX;
}

/* Over the window, by who saw it in it; only_monitors: by the monitors among them. */
static bool *watched_by(
    const struct world *w, const struct diary *d, const struct sensor *sensors, bool only_monitors)
{
	uint32_t at = w->days * DAY_MIN, from = at - WINDOW;
	bool *watched = calloc(at, sizeof *watched), *saw = calloc(w->sites * 2, sizeof *saw);

	assert_non_null(watched);
	assert_non_null(saw);
	for (uint32_t day = from / DAY_MIN; day < w->days; day++)
		for (uint32_t s = 0; s < w->sites * 2; s++)
			if (d->seen_by[day * w->sites * 2 + s])
				saw[s] = true;
	for (uint32_t m = from; m < at; m++)
		for (uint32_t s = only_monitors; s < w->sites * 2; s += 1 + only_monitors)
			if (saw[s] && sensors[s].watched[m])
				watched[m] = true;
	free(saw);
	return watched;
}

/* Of many machines one that is quiet may be gone while the others are there. */
static enum cf_state of_network(enum cf_state state, bool was_hit)
{
	if (state == CF_STATE_MIGRATING)
		return was_hit ? CF_STATE_DEPENDENT : CF_STATE_EXCEPTED;
	return state == CF_STATE_CLEAN ? CF_STATE_UNKNOWN : state;
}

static void judge(const struct world *w, const struct diary *d, const struct sensor *sensors,
    struct world_truth *truth)
{
	uint32_t at = w->days * DAY_MIN, from = at - WINDOW;
	bool *watched = watched_by(w, d, sensors, false);
	bool *by_monitors = watched_by(w, d, sensors, true);
	uint32_t hit = last_of(d->hit, from, at), excepted = last_of(d->excepted, from, at);
	enum cf_state state;

	for (uint32_t m = from; m < at; m++)
		truth->watched_minutes += watched[m];
	uint32_t last =
	    hit != UINT32_MAX && (excepted == UINT32_MAX || hit >= excepted) ? hit : excepted;

	if (last_of(d->escape, from, at) != UINT32_MAX)
		state = CF_STATE_BYPASSING;
	else if (hit != UINT32_MAX && hit >= at - RECENT)
		state = CF_STATE_DEPENDENT;
	else if (excepted != UINT32_MAX && excepted >= at - RECENT)
		state = CF_STATE_EXCEPTED;
	else if (last != UINT32_MAX)
		state = stretch_ok(d->alive, last + 1, at, ALIVE) &&
		        stretch_ok(watched, last + 1, at, TOLERANCE)
		    ? CF_STATE_MIGRATING
		    : last == hit ? CF_STATE_DEPENDENT
		                  : CF_STATE_EXCEPTED;
	else if (last_of(d->visit, from, at) != UINT32_MAX)
		state = CF_STATE_VISITED;
	else
		state = stretch_ok(d->alive, from, at, ALIVE) &&
		        stretch_ok(watched, from, at, TOLERANCE)
		    ? CF_STATE_CLEAN
		    : CF_STATE_UNKNOWN;
	truth->state = is_truncated(w) ? of_network(state, last == hit) : state;
	truth->by_dns_alone =
	    truth->state == CF_STATE_CLEAN && !stretch_ok(by_monitors, from, at, TOLERANCE);
	free(watched);
	free(by_monitors);
}

static void open_privacy(const struct world *w, struct cf_privacy *privacy)
{
	char key[128];
	struct cf_error error;

	key_path(w, key);
	assert_int_equal(cf_privacy_init(privacy, w->privacy, key, &error), CF_OK);
}

static void name_relay(const struct world *w, struct world_truth *truth)
{
	struct cf_privacy privacy;
	struct cf_addr relay;

	open_privacy(w, &privacy);
	assert_int_equal(cf_addr_parse(RELAY, &relay), CF_OK);
	cf_privacy_addr(&privacy, &relay);
	cf_addr_format(&relay, truth->relay);
}

static void note_event(const struct world *w, const struct event *event, uint32_t site,
    struct diary *d, struct world_truth *truth)
{
	/* A connection's end stands where it began, but not over midnight. */
	bool is_rest = event->what == CLOSING && event->until / DAY_MIN != event->minute / DAY_MIN;
	uint32_t minute = is_rest ? event->until : event->minute, day = minute / DAY_MIN;
	uint32_t sensor = site * 2 + (event->what == SEEN || event->by_monitor);

	d->seen_by[day * w->sites * 2 + sensor] = true;
	if (event->twice)
		d->seen_by[day * w->sites * 2 + site * 2 + 1] = true;
	d->alive[minute] = true;
	if (event->what == CLOSING) {
		int64_t at_s = WORLD_START_S + event->until * INT64_C(60) + 45;

		d->alive[event->until] = d->hit[event->until] = d->escape[event->until] = true;
		truth->escapes++;
		if (at_s > truth->last_s)
			truth->last_s = at_s;
	}
	if (event->what == SEEN) {
		d->alive[event->until] = true;
		for (uint32_t m = day + 1; m <= event->until / DAY_MIN; m++)
			d->alive[m * DAY_MIN] = d->seen_by[m * w->sites * 2 + sensor] = true;
	}
	bool is_hit = event->what == HIT || event->what == ESCAPE || event->what == RELAYED;

	if (is_hit) {
		bool is_blocked = event->what == HIT && !event->by_monitor;
		bool is_answered = event->what == ESCAPE || event->answered;

		d->hit[event->minute] = true;
		truth->hits++;
		truth->blocked += is_blocked;
		truth->answered += is_answered;
		truth->observed += !is_blocked && !is_answered;
	}
	if (is_hit || event->what == EXCEPTED) {
		int64_t at_s = WORLD_START_S + event->minute * INT64_C(60) + 30;
		int64_t until_s = at_s + (event->answered ? 20 : 0);

		if (truth->first_s == 0 || at_s < truth->first_s)
			truth->first_s = at_s;
		if (until_s > truth->last_s)
			truth->last_s = until_s;
	}
	if (event->what == RELAYED)
		name_relay(w, truth);
	if (event->what == VISIT) {
		d->visit[event->minute] = true;
		truth->visits++;
	}
	if (event->what == EXCEPTED) {
		d->excepted[event->minute] = true;
		truth->excepted++;
	}
}

static void clear_diary(const struct world *w, struct diary *d)
{
	uint32_t end = w->days * DAY_MIN;

	memset(d->alive, 0, end);
	memset(d->hit, 0, end);
	memset(d->excepted, 0, end);
	memset(d->escape, 0, end);
	memset(d->visit, 0, end);
	memset(d->seen_by, 0, w->days * w->sites * 2);
}

/* What reports call the host. */
static void name_host(const struct world *w, uint32_t number, struct world_truth *truth)
{
	struct host host = host_of(w, number);
	struct cf_addr addr = addr_of(addr_at(w, &host, number, 0));
	struct cf_privacy privacy;
	char text[CF_ADDR_TEXT_BYTES];
	uint8_t mac[6];

	open_privacy(w, &privacy);
	set_mac(mac, number);
	cf_privacy_addr(&privacy, &addr);
	truth->is_by_addr = is_by_addr(w, &host, number);
	if (truth->is_by_addr)
		snprintf(truth->selector, sizeof truth->selector, "%s@site%u",
		    cf_addr_format(&addr, text), number % w->sites);
	else if (cf_privacy_mac(&privacy, mac))
		snprintf(truth->selector, sizeof truth->selector, "%02x:%02x:%02x:%02x:%02x:%02x",
		    mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void tell_host(const struct world *w, uint32_t number, const struct sensor *sensors,
    struct diary *d, struct world_truth *truth)
{
	struct host host = host_of(w, number);
	struct events events = {0};
	uint32_t addrs[512], addr_count = 0;

	*truth = (struct world_truth){.role = host.role};
	name_host(w, number, truth);
	clear_diary(w, d);
	live(w, &events, number, UINT32_MAX);
	for (size_t i = 0; i < events.count; i++) {
		const struct event *event = &events.items[i];
		uint32_t day = event->minute / DAY_MIN, k = 0;
		/* Epochs change at 10:17: the place is that of the lease, found by the address. */
		uint32_t epoch = 0, from, to;

		for (epoch = day / EPOCH_DAY; epoch > 0; epoch--) {
			epoch_span(w, number, epoch, &from, &to);
			if (event->minute >= from)
				break;
		}
		uint32_t site = site_at(w, &host, number, epoch);

		if (is_lost_by_any(&sensors[site * 2], event))
			continue;
		note_event(w, event, site, d, truth);
		while (k < addr_count && addrs[k] != event->addr)
			k++;
		if (k == addr_count && addr_count < 512)
			addrs[addr_count++] = event->addr;
	}
	truth->addresses = addr_count;
	judge(w, d, sensors, truth);
	free(events.items);
}

/* What is true of one network of a site: of all that had an address of it, together. */
static void tell_network(const struct world *w, uint32_t site, const struct events *events,
    uint32_t net, const struct sensor *sensors, struct diary *d, struct world_truth *truth)
{
	struct cf_addr addr = addr_of(net << 8);
	struct cf_privacy privacy;
	char text[CF_ADDR_TEXT_BYTES];

	*truth = (struct world_truth){.is_by_addr = true, .addresses = 1};
	open_privacy(w, &privacy);
	cf_privacy_addr(&privacy, &addr);
	snprintf(truth->selector, sizeof truth->selector, "%s@site%u", cf_addr_format(&addr, text),
	    site);
	clear_diary(w, d);
	for (size_t i = 0; i < events->count; i++)
		if (events->items[i].addr >> 8 == net)
			note_event(w, &events->items[i], site, d, truth);
	judge(w, d, sensors, truth);
}

static void tell_networks(
    const struct world *w, const struct sensor *sensors, struct diary *d, struct world_truth *truth)
{
	uint32_t told = 0;

	for (uint32_t site = 0; site < w->sites; site++) {
		struct events events = events_of(w, site, sensors);
		uint32_t nets[16], count = 0;

		for (size_t i = 0; i < events.count; i++) {
			uint32_t net = events.items[i].addr >> 8, k = 0;

			while (k < count && nets[k] != net)
				k++;
			assert_true(k < 16);
			if (k == count)
				nets[count++] = net;
		}
		for (uint32_t k = 0; k < count; k++) {
			assert_true(told < w->hosts);
			tell_network(w, site, &events, nets[k], sensors, d, &truth[told++]);
		}
		free(events.items);
	}
}

/* A shipper that delivers at least once: some hits of the file stand there twice. */
static uint64_t repeat_lines(const struct world *w, const char *path)
{
	char copy[160], *line = NULL;
	uint64_t repeated = 0, number = 0;
	size_t size = 0;
	ssize_t len;

	snprintf(copy, sizeof copy, "%s.copy", path);
	FILE *from = fopen(path, "re"), *to = fopen(copy, "we");

	assert_non_null(from);
	assert_non_null(to);
	while ((len = getline(&line, &size, from)) > 0) {
		assert_int_equal(fwrite(line, 1, (size_t)len, to), len);
		if (strstr(line, "\"match\":") == NULL || draw(w, 70, number++, 0, 9) != 0)
			continue;
		assert_int_equal(fwrite(line, 1, (size_t)len, to), len);
		repeated++;
	}
	free(line);
	fclose(from);
	assert_int_equal(fclose(to), 0);
	assert_int_equal(rename(copy, path), 0);
	return repeated;
}

/* One lease of each host and epoch, as `hosts import` writes what a server's file has. */
static void import_lease(
    const struct world *w, uint32_t number, uint32_t epoch, struct cf_producer *producer)
{
	struct host host = host_of(w, number);
	char name[24];
	int len = snprintf(name, sizeof name, "pc-%u", number);
	uint32_t from, to;

	epoch_span(w, number, epoch, &from, &to);
	if (host.role == WORLD_ROUTED || from >= to)
		return;
	struct cf_identity identity = {.from_wall_us = wall_us(from),
	    .to_wall_us = wall_us(to) + 30000000,
	    .addr = addr_of(addr_at(w, &host, number, epoch)),
	    .has_mac = true,
	    .kind = "lease",
	    .name = {.data = name, .len = (size_t)len},
	    .end = draw(w, number, 63, epoch, 2) == 0 ? "expired" : NULL};

	set_mac(identity.mac, number);
	assert_true(cf_producer_identity(producer, &identity));
}

static void import_leases(const struct world *w, uint32_t site)
{
	char path[128], sensor[24], key[128];
	struct cf_log_options options = {.path = path,
	    .sensor = sensor,
	    .source = "monitor",
	    .privacy = w->privacy == NULL ? "full" : w->privacy,
	    .privacy_key_file = key,
	    .synchronous = true};
	struct cf_error error;
	struct cf_log *log;

	key_path(w, key);
	snprintf(path, sizeof path, "%s/s%u/leases.jsonl", w->dir, site);
	snprintf(sensor, sizeof sensor, "leases%u", site);
	assert_int_equal(cf_log_open(&options, &log, &error), CF_OK);
	struct cf_producer *producer = cf_log_producer(log);

	assert_non_null(producer);
	for (uint32_t number = site; number < w->hosts; number += w->sites)
		for (uint32_t epoch = 0; epoch * EPOCH_DAY < w->days; epoch++)
			import_lease(w, number, epoch, producer);
	cf_log_pump(log, wall_us(w->days * DAY_MIN - 1));
	cf_log_close(log);
}

static void make_logs(
    const struct world *w, uint32_t site, struct sensor *sensors, struct world_odd *odd)
{
	struct events events = events_of(w, site, sensors);

	run("mkdir -p '%s/s%u'", w->dir, site);
	for (int source = 0; source < (is_bare(w, site) ? 1 : 2); source++) {
		struct player player = {.w = w,
		    .sensor = &sensors[site * 2 + (uint32_t)source],
		    .is_monitor = source == 1,
		    .scheme = (unsigned)((site * 2 + (uint32_t)source + w->seed) % 4)};

		snprintf(player.path, sizeof player.path, "%s/s%u/%s.jsonl", w->dir, site,
		    source == 1 ? "monitor" : "resolver");
		snprintf(player.name, sizeof player.name, "sensor%u", site);
		play(&player, &events);
		odd->wild += player.wild;
		if (w->seed % 2 == 0)
			odd->repeated += repeat_lines(w, player.path);
	}
	free(events.items);
	if (is_bare(w, site) && w->bare == WORLD_BARE_WITH_LEASES)
		import_leases(w, site);
	if (site % 2 == 0)
		odd->wild += make_wild_log(w, site);
}

static void make_key(const struct world *w)
{
	char path[128];

	key_path(w, path);
	FILE *key = fopen(path, "we");

	assert_non_null(key);
	for (unsigned i = 0; i < KEY_BYTES; i++)
		fputc((int)draw(w, 80, i, 0, 256), key);
	assert_int_equal(fclose(key), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

void world_make(struct world *w, struct world_truth **truth_out,
    struct world_coverage **coverage_out, struct world_odd *odd_out)
{
	struct sensor *sensors = calloc(w->sites * 2, sizeof *sensors);
	struct world_truth *truth = calloc(w->hosts, sizeof *truth);
	struct world_coverage *coverage = calloc(w->sites * 2, sizeof *coverage);
	uint32_t end = w->days * DAY_MIN;
	struct diary d = {.alive = malloc(end),
	    .hit = malloc(end),
	    .excepted = malloc(end),
	    .escape = malloc(end),
	    .visit = malloc(end),
	    .seen_by = malloc(w->days * w->sites * 2)};

	assert_non_null(sensors);
	assert_non_null(truth);
	assert_non_null(coverage);
	*odd_out = (struct world_odd){0};
	make_key(w);
	for (uint32_t i = 0; i < w->sites * 2; i++) {
		plan_failures(w, &sensors[i], i);
		snprintf(coverage[i].sensor, sizeof coverage[i].sensor, "sensor%u", i / 2);
		coverage[i].source = i % 2 == 1 ? "monitor" : "resolver";
		for (uint32_t m = 0; m < end; m++) {
			coverage[i].watched_minutes += sensors[i].watched[m];
			coverage[i].gaps +=
			    m > 0 && sensors[i].watched[m - 1] && !sensors[i].watched[m];
		}
	}
	for (uint32_t site = 0; site < w->sites; site++)
		make_logs(w, site, sensors, odd_out);
	for (uint32_t number = 0; number < w->hosts && !is_truncated(w); number++)
		tell_host(w, number, sensors, &d, &truth[number]);
	if (is_truncated(w))
		tell_networks(w, sensors, &d, truth);
	for (uint32_t i = 0; i < w->sites * 2; i++)
		free(sensors[i].watched);
	free(sensors);
	free(d.alive);
	free(d.hit);
	free(d.excepted);
	free(d.escape);
	free(d.visit);
	free(d.seen_by);
	*truth_out = truth;
	*coverage_out = coverage;
}
