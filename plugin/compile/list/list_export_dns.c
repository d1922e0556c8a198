/* Exports of names for name servers: RPZ, Unbound, dnsmasq. */

#include "compile/list/list_export_formats.h"
#include "names/name.h"

#include <string.h>

/* Octets of a zone's name without its root label; it was checked to be one. */
static size_t zone_octets(const char *zone)
{
	struct cf_name name;

	return cf_name_from_text(zone, strlen(zone), &name) == CF_OK ? name.wire_len - 1U : 0;
}

/* Why a policy zone cannot say a name, or NULL; extra is what else the owner begins with. */
static const char *rpz_refusal(const struct cf_export_name *name, size_t zone, size_t extra)
{
	const char *text = name->name, *last = strrchr(text, '.');

	if (name->wire_len + zone + extra > CF_NAME_WIRE_BYTES)
		return "too long for a name of this zone";
	/* A label of a star alone is a wildcard, however it is written (RFC 4592 2.1.1). */
	if (strncmp(text, "\\*.", 3) == 0 || strstr(text, ".\\*.") != NULL)
		return "a label of a star would be a wildcard";
	if (strncmp(last == NULL ? text : last + 1, "rpz-", 4) == 0)
		return "would be another trigger of the policy zone";
	return NULL;
}

static void put_rpz_owner(struct cf_exporter *exporter, const char *front,
    const struct cf_export_name *name, enum cf_verdict verdict)
{
	fprintf(exporter->to, "%s%s CNAME %s\n", front, name->name,
	    cf_export_blocks(verdict) ? "." : "rpz-passthru.");
}

static void put_rpz_name(struct cf_exporter *exporter, const struct cf_export_name *n, size_t zone)
{
	bool inside = cf_export_blocks(n->inherited);
	bool self = cf_export_blocks(n->self) || inside;
	bool below = cf_export_blocks(n->below) || inside;
	const char *why;

	if (!self && !below)
		return;
	why = rpz_refusal(n, zone, 0);
	if (why != NULL) {
		if (!n->between)
			cf_export_leave_out(exporter, n, why);
		return;
	}
	if (self)
		put_rpz_owner(exporter, "", n, n->self);
	exporter->counts.written += !n->between;
	if (!below)
		return;
	if (rpz_refusal(n, zone, 2) == NULL)
		put_rpz_owner(exporter, "*.", n, n->below);
	else if (!n->between)
		fprintf(exporter->to, "%sleft out: *.%s (too long for a name of this zone)\n",
		    exporter->mark, n->name);
}

/* The words of an address in text order, lowest first, as the trigger has them. */
static void put_client_v6(FILE *to, const struct cf_prefix *prefix)
{
	unsigned words[8], best = 8, best_len = 1, run = 0;

	for (unsigned i = 0; i < 8; i++) {
		const uint8_t *bytes = prefix->addr.bytes + 14 - 2 * (size_t)i;

		words[i] = (unsigned)bytes[0] << 8 | bytes[1];
		run = words[i] == 0 ? run + 1 : 0;
		if (run > best_len) {
			best_len = run;
			best = i + 1 - run;
		}
	}
	fprintf(to, "%u", prefix->bits);
	/* The first longest run of zeros is "zz"; servers take no other spelling. */
	for (unsigned i = 0; i < 8; i++) {
		if (i == best) {
			fputs(".zz", to);
			i += best_len - 1;
		} else {
			fprintf(to, ".%x", words[i]);
		}
	}
}

/* Clients for whom nothing is blocked: a trigger that comes before those of names. */
static void put_rpz_clients(struct cf_exporter *exporter)
{
	const struct cf_export *export = exporter->export;

	for (size_t i = 0; i < export->client_count; i++) {
		const struct cf_prefix *prefix = &export->clients[i].prefix;
		const uint8_t *b = prefix->addr.bytes;

		if (prefix->addr.family == CF_FAMILY_V4)
			fprintf(
			    exporter->to, "%u.%u.%u.%u.%u", prefix->bits, b[3], b[2], b[1], b[0]);
		else
			put_client_v6(exporter->to, prefix);
		fputs(".rpz-client-ip CNAME rpz-passthru.\n", exporter->to);
	}
	exporter->counts.clients = export->client_count;
	exporter->counts.clients_left_out = export->other_clients;
	if (export->other_clients != 0)
		fprintf(exporter->to,
		    "; %zu ranges of clients get other answers by exceptions or presets of theirs, "
		    "which "
		    "a policy zone cannot say\n",
		    export->other_clients);
}

/*
 * RPZ: a name and its wildcard are said apart, and in a strict server any name that exists in the
 * zone hides the wildcards above it, in others it does not. So inside a blocked subtree every name
 * written gets both, and so do those that exist only because something below them is written
 * (struct cf_export_name's between).
 */
void cf_export_rpz(struct cf_exporter *exporter)
{
	FILE *to = exporter->to;
	const struct cf_export *export = exporter->export;
	size_t zone = zone_octets(export->zone);

	fprintf(to, "$TTL 300\n$ORIGIN %s.\n", export->zone);
	cf_export_head(exporter, "; ");
	/* The serial is the instant: exports of later instants are newer. */
	fprintf(to, "@ SOA localhost. nobody.invalid. %u 3600 600 604800 300\n@ NS localhost.\n",
	    (unsigned)(uint32_t) export->at_wall_s);
	put_rpz_clients(exporter);
	for (size_t i = 0; i < export->name_count; i++)
		put_rpz_name(exporter, &export->names[i], zone);
}

/* Odd bytes as \DDD alone: a quote would end the text that the name stands in. */
static void put_quoted(FILE *to, const char *name)
{
	for (; *name != '\0'; name++) {
		if (*name == '\\' && (name[1] < '0' || name[1] > '9'))
			fprintf(to, "\\%03u", (unsigned)(unsigned char)*++name);
		else
			(void)fputc(*name, to); /* errors stick */
	}
}

static void put_local_zone(FILE *to, const char *name, const char *type)
{
	fputs("\tlocal-zone: \"", to);
	put_quoted(to, name);
	fprintf(to, ".\" %s\n", type);
}

/*
 * Unbound's most specific local-zone decides. An exact name is a transparent zone that holds only a
 * TXT record: other types of the name get NODATA, what lies below it is resolved.
 */
void cf_export_unbound(struct cf_exporter *exporter)
{
	FILE *to = exporter->to;

	cf_export_head(exporter, "# ");
	fputs("server:\n", to);
	for (size_t i = 0; i < exporter->export->name_count; i++) {
		const struct cf_export_name *n = &exporter->export->names[i];
		bool self = cf_export_blocks(n->self), below = cf_export_blocks(n->below);

		if (n->between || cf_export_is_repeated(n))
			continue;
		if (!self && below) {
			cf_export_leave_out(exporter, n, "a subtree without its top");
			continue;
		}
		exporter->counts.written++;
		if (self && below) {
			put_local_zone(to, n->name, "always_nxdomain");
		} else if (!self) {
			put_local_zone(to, n->name, "always_transparent");
		} else {
			put_local_zone(to, n->name, "transparent");
			fputs("\tlocal-data: \"", to);
			put_quoted(to, n->name);
			fputs(". 300 IN TXT curfew\"\n", to);
		}
	}
}

/*
 * dnsmasq: local=/x/ covers x and below, server=/x/# gives it back to the servers, the longest
 * domain wins. An exact name is a host record that leads nowhere; its other types still go out.
 */
void cf_export_dnsmasq(struct cf_exporter *exporter)
{
	FILE *to = exporter->to;

	cf_export_head(exporter, "# ");
	for (size_t i = 0; i < exporter->export->name_count; i++) {
		const struct cf_export_name *n = &exporter->export->names[i];
		bool self = cf_export_blocks(n->self), below = cf_export_blocks(n->below);

		if (n->between || n->canary || cf_export_is_repeated(n) ||
		    cf_export_is_odd(exporter, n))
			continue;
		if (self != below && (below || cf_export_blocks(n->inherited))) {
			cf_export_leave_out(exporter, n, "a name and what is below it differ");
			continue;
		}
		exporter->counts.written++;
		if (self && below)
			fprintf(to, "local=/%s/\n", n->name);
		else if (!self)
			fprintf(to, "server=/%s/#\n", n->name);
		else
			fprintf(to, "host-record=%s,0.0.0.0,::\n", n->name);
	}
}
