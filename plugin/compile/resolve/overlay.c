/* A day's addresses to an overlay. */

#include "compile/resolve/overlay.h"

#include "base/file_writer.h"
#include "base/instant.h"

#include <stdlib.h>
#include <string.h>

/* Names shown in a row's note; more are counted. */
#define NOTE_NAMES 3

struct pair {
	struct cf_addr addr;
	size_t name; /* index */
};

static int compare_pairs(const void *a_, const void *b_)
{
	const struct pair *a = a_, *b = b_;
	int order = cf_addr_compare(&a->addr, &b->addr);

	if (order != 0)
		return order;
	return a->name < b->name ? -1 : a->name > b->name;
}

/* True in space that the pack lists as the vendor's own: there a name adds nothing, and would only
 * weaken it. */
static bool is_dedicated(const struct cf_pack *pack, const struct cf_addr *addr)
{
	for (size_t i = 0; i < pack->network_count; i++)
		if (pack->networks[i].kind != CF_NETWORK_SHARED &&
		    pack->networks[i].until_wall_s == INT64_MAX &&
		    cf_prefix_contains(&pack->networks[i].prefix, addr))
			return true;
	return false;
}

/* All pairs of address and name, sorted; NULL without memory. */
static struct pair *collect(const struct cf_overlay *overlay, size_t *count_out)
{
	size_t count = 0;
	struct pair *pairs;

	for (size_t i = 0; i < overlay->name_count; i++)
		count += overlay->names[i].addr_count;
	pairs = calloc(count + 1, sizeof *pairs);
	if (pairs == NULL)
		return NULL;
	count = 0;
	for (size_t i = 0; i < overlay->name_count; i++)
		for (size_t a = 0; overlay->names[i].found == CF_FOUND_ADDRESSES &&
		     a < overlay->names[i].addr_count;
		     a++)
			pairs[count++] =
			    (struct pair){.addr = overlay->names[i].addrs[a], .name = i};
	qsort(pairs, count, sizeof *pairs, compare_pairs);
	*count_out = count;
	return pairs;
}

/* One address with all names that lead to it. */
static void put_row(const struct cf_overlay *overlay, const struct pair *pairs, size_t count,
    FILE *to, struct cf_overlay_counts *counts)
{
	enum cf_category category = overlay->categories[pairs[0].name];
	char text[CF_ADDR_TEXT_BYTES], until[CF_INSTANT_TEXT_BYTES];
	bool mixed = false, secure = true;

	for (size_t i = 0; i < count; i++) {
		mixed = mixed || overlay->categories[pairs[i].name] != category;
		secure = secure && overlay->names[pairs[i].name].secure;
	}
	/* One address, several legal classes: only good for a flag. */
	if (mixed)
		category = CF_CATEGORY_CORPORATE;
	counts->addresses++;
	counts->mixed += mixed;
	fprintf(to, "%s/%u\t%s\t%s\t%s\t", cf_addr_format(&pairs[0].addr, text),
	    cf_addr_length(&pairs[0].addr) * 8, cf_category_text(category), overlay->today,
	    cf_instant_format(overlay->until_wall_s, until));
	for (size_t i = 0; i < count && i < NOTE_NAMES; i++) {
		const struct cf_resolved *name = &overlay->names[pairs[i].name];

		fprintf(to, "%s%s%s%s", i > 0 ? ", " : "", name->name,
		    name->chain_end != NULL ? " via " : "",
		    name->chain_end != NULL ? name->chain_end : "");
		if (mixed)
			fprintf(to, " (%s)", cf_category_text(overlay->categories[pairs[i].name]));
	}
	if (count > NOTE_NAMES)
		fprintf(to, " and %zu more", count - NOTE_NAMES);
	fprintf(to, "; %s\n", secure ? "validated" : "not validated");
}

static void put_rows(const struct cf_overlay *overlay, const struct pair *pairs, size_t count,
    FILE *to, struct cf_overlay_counts *counts)
{
	fprintf(to,
	    "# What names of this pack resolved to here on %s: weak evidence that expires, since "
	    "addresses are\n"
	    "# shared and move. Written by `curfew list resolve`; safe to delete.\n"
	    "prefix\tcategory\tas-of\tuntil\tnote\n",
	    overlay->today);
	for (size_t i = 0, next; i < count; i = next) {
		for (next = i + 1;
		     next < count && cf_addr_equal(&pairs[i].addr, &pairs[next].addr);)
			next++;
		if (is_dedicated(overlay->pack, &pairs[i].addr))
			counts->dedicated++;
		else
			put_row(overlay, pairs + i, next - i, to, counts);
	}
}

static void put_gone(const struct cf_overlay *overlay, FILE *to, struct cf_overlay_counts *counts)
{
	fprintf(to,
	    "# Names of this pack that did not exist on %s, as asked from here. A filtering "
	    "resolver says the\n"
	    "# same: check before taking any out.\n",
	    overlay->today);
	for (size_t i = 0; i < overlay->name_count; i++) {
		if (overlay->names[i].found != CF_FOUND_GONE)
			continue;
		fprintf(to, "%s\n", overlay->names[i].name);
		counts->gone++;
	}
}

static enum cf_status open_file(const struct cf_overlay *overlay, const char *stem, const char *end,
    struct cf_file_writer *writer)
{
	char path[CF_PATH_BYTES];
	int len =
	    snprintf(path, sizeof path, "%s/%s-%s.%s", overlay->dir, stem, overlay->today, end);

	if (len < 0 || (size_t)len >= sizeof path)
		return CF_ETOOBIG;
	return cf_file_writer_open(writer, path);
}

enum cf_status cf_overlay_write(
    const struct cf_overlay *overlay, struct cf_overlay_counts *counts_out)
{
	struct cf_file_writer rows = {.to = NULL}, gone = {.to = NULL};
	struct cf_overlay_counts counts = {.gone = 0};
	size_t count = 0;
	struct pair *pairs = collect(overlay, &count);
	enum cf_status status = CF_ENOMEM;

	if (pairs == NULL)
		return CF_ENOMEM;
	status = open_file(overlay, "overlay", "tsv", &rows);
	if (status == CF_OK)
		status = open_file(overlay, "gone", "txt", &gone);
	if (status == CF_OK) {
		put_rows(overlay, pairs, count, rows.to, &counts);
		put_gone(overlay, gone.to, &counts);
		status = cf_file_writer_commit(&rows);
	}
	if (status == CF_OK)
		status = cf_file_writer_commit(&gone);
	cf_file_writer_abandon(&rows);
	cf_file_writer_abandon(&gone);
	free(pairs);
	*counts_out = counts;
	return status;
}
