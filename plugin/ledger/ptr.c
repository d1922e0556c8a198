#include "ledger/ptr.h"

#include "base/array.h"
#include "base/file_writer.h"
#include "base/input_file.h"
#include "base/limits.h"
#include "base/map.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An instant, a place, a name. */
#define LINE_BYTES (24 + 2 * (CF_LEDGER_TEXT_BYTES + 1) + CF_NAME_TEXT_BYTES + 2)

struct cf_ptrs {
	struct cf_map *map;
	struct cf_ptr *items;
	size_t count, size;
};

void cf_ptrs_close(struct cf_ptrs *ptrs)
{
	if (ptrs == NULL)
		return;
	for (size_t i = 0; i < ptrs->count; i++) {
		free((char *)ptrs->items[i].place);
		free((char *)ptrs->items[i].name);
	}
	free(ptrs->items);
	cf_map_free(ptrs->map);
	free(ptrs);
}

enum cf_status cf_ptrs_put(struct cf_ptrs *ptrs, const struct cf_ptr *ptr)
{
	char *place = strdup(ptr->place), *name = strdup(ptr->name);
	uint32_t at;
	bool added = false;

	struct cf_ptr *items =
	    cf_array_grow(ptrs->items, ptrs->count, 1, &ptrs->size, sizeof *items);

	if (items != NULL)
		ptrs->items = items;
	if (place == NULL || name == NULL || items == NULL ||
	    cf_map_add(ptrs->map, place, strlen(place), (uint32_t)ptrs->count, &at, &added) !=
	        CF_OK) {
		free(place);
		free(name);
		return CF_ENOMEM;
	}
	if (!added) {
		/* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): at < count */
		free((char *)ptrs->items[at].place);
		free((char *)ptrs->items[at].name);
	} else {
		ptrs->count++;
	}
	ptrs->items[at] =
	    (struct cf_ptr){.asked_wall_s = ptr->asked_wall_s, .place = place, .name = name};
	return CF_OK;
}

static enum cf_status take_line(struct cf_ptrs *ptrs, char *line)
{
	char *place = strchr(line, '\t'), *name = place == NULL ? NULL : strchr(place + 1, '\t');
	char *end;

	if (name == NULL)
		return CF_OK;
	*place++ = '\0';
	*name++ = '\0';
	name[strcspn(name, "\n")] = '\0';
	const struct cf_ptr ptr = {
	    .asked_wall_s = strtoll(line, &end, 10), .place = place, .name = name};

	if (*end != '\0' || strlen(place) > 2 * CF_LEDGER_TEXT_BYTES ||
	    strlen(name) > CF_NAME_TEXT_BYTES)
		return CF_OK;
	return cf_ptrs_put(ptrs, &ptr);
}

enum cf_status cf_ptrs_open(const char *ledger_path, struct cf_ptrs **ptrs_out)
{
	struct cf_ptrs *ptrs = calloc(1, sizeof *ptrs);
	char path[PATH_MAX], line[LINE_BYTES];
	enum cf_status status = CF_OK;

	if (ptrs == NULL)
		return CF_ENOMEM;
	ptrs->map = cf_map_new();
	if (ptrs->map == NULL) {
		free(ptrs);
		return CF_ENOMEM;
	}
	FILE *from = NULL;

	/* Names that cannot be read are names that nobody asked for yet. */
	if ((size_t)snprintf(path, sizeof path, "%s.ptr", ledger_path) < sizeof path &&
	    cf_input_open_stream(path, &from, NULL) != CF_OK)
		from = NULL;
	/* What is longer than a line of ours is no line of ours, in pieces neither. */
	while (from != NULL && status == CF_OK && ptrs->count < CF_LEDGER_NAMES &&
	    fgets(line, sizeof line, from) != NULL && strchr(line, '\n') != NULL)
		status = take_line(ptrs, line);
	if (from != NULL)
		fclose(from);
	if (status != CF_OK) {
		cf_ptrs_close(ptrs);
		return status;
	}
	*ptrs_out = ptrs;
	return CF_OK;
}

const struct cf_ptr *cf_ptrs_find(const struct cf_ptrs *ptrs, const char *addr, const char *site)
{
	char place[2 * CF_LEDGER_TEXT_BYTES + 2];
	uint32_t at;

	if (ptrs->count == 0) /* asked for each host */
		return NULL;
	int len = snprintf(place, sizeof place, "%s@%s", addr, site);

	return len > 0 && (size_t)len < sizeof place &&
	        cf_map_find(ptrs->map, place, (size_t)len, &at)
	    ? &ptrs->items[at]
	    : NULL;
}

enum cf_status cf_ptrs_save(
    const struct cf_ptrs *ptrs, const char *ledger_path, struct cf_error *error)
{
	struct cf_file_writer writer;
	char path[PATH_MAX];
	enum cf_status status;

	if ((size_t)snprintf(path, sizeof path, "%s.ptr", ledger_path) >= sizeof path)
		return cf_error_set(error, CF_EINVALID, "name of the ledger is too long");
	status = cf_file_writer_open_as(
	    &writer, path, CF_WRITE_PRIVATE | CF_WRITE_ONLY_FILES | CF_WRITE_UNSYNCED);
	for (size_t i = 0; status == CF_OK && i < ptrs->count; i++)
		fprintf(writer.to, "%lld\t%s\t%s\n", (long long)ptrs->items[i].asked_wall_s,
		    ptrs->items[i].place, ptrs->items[i].name);
	return cf_file_writer_end(&writer, path, status, error);
}
