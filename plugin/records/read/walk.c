#include "records/read/walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* How often a followed file is looked at. */
#define PAUSE_NS 200000000L
/* Looks at a file that was rotated: 2.6 seconds. */
#define LEAVING_LOOKS 13
/* As long after its last change, or its renaming, nobody writes into a rotated file any more. */
#define SETTLED_S 3
/* Looks at a folder in which files are renamed meanwhile. */
#define OPEN_TRIES 20
/* After so much of the input its place is remembered: what a pipe may get twice. */
#define REMEMBER_BYTES (UINT64_C(1) << 20)

/* One log. */
struct followed {
	const char *path;
	struct cf_reader *reader; /* NULL: not there for now */
	unsigned leaving;         /* looks left at a file that was rotated; 0: it was not */
	size_t place;             /* in the state */
};

static void pause_a_little(void)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};

	(void)nanosleep(&pause, NULL); /* a signal only makes it shorter */
}

/* First what was written, then that it was: a kill between them repeats, and never loses. */
static bool remember(struct cf_walk *walk, struct followed *followed)
{
	struct cf_walk_state *state = walk->state;

	if (!cf_walk_out_flush(walk->out))
		return false;
	if (state->path == NULL || followed->reader == NULL ||
	    !cf_walk_place_note(&state->places[followed->place], followed->reader))
		return true;
	state->out = cf_walk_out_place(walk->out);
	return cf_walk_state_save(state);
}

/* NULL after a message. */
static struct cf_reader *open_file(struct cf_walk *walk, const char *path)
{
	struct cf_reader *reader;
	struct cf_error error;

	if (cf_reader_open(path, &reader, &error) == CF_OK)
		return reader;
	cf_walk_say(walk->say, "%s", error.text);
	return NULL;
}

/* To the end of what is there; false when it cannot be read on, or nobody reads us. */
static bool show_all(struct cf_walk *walk, struct followed *followed)
{
	struct cf_reader *reader = followed->reader;
	uint64_t remembered = cf_reader_offset(reader);
	struct cf_line line;
	enum cf_read got;

	while ((got = cf_reader_next(reader, &walk->record, &line)) == CF_READ_RECORD ||
	    got == CF_READ_SKIPPED) {
		if (got == CF_READ_RECORD)
			walk->take(walk->arg, &walk->record, &line);
		else if (line.fault != CF_LINE_BLANK)
			walk->skipped++;
		if (ferror(walk->out->to))
			return false;
		if (walk->state->path == NULL ||
		    cf_reader_offset(reader) - remembered < REMEMBER_BYTES)
			continue;
		if (!remember(walk, followed))
			return false;
		remembered = cf_reader_offset(reader);
	}
	if (got == CF_READ_FAILED)
		cf_walk_say(
		    walk->say, "'%s': %s", cf_reader_path(reader), cf_reader_error(reader)->text);
	return remember(walk, followed) && got == CF_READ_END;
}

/* The file's first line, if there is a whole one; false when the file cannot be read. */
static bool identify(const char *path, struct cf_file_identity *identity_out)
{
	struct cf_reader *reader;

	if (cf_reader_open(path, &reader, NULL) != CF_OK)
		return false;
	cf_reader_identity(reader, identity_out);
	cf_reader_close(reader);
	return true;
}

/* The file of a set in which the place is; set->count: in none. */
static size_t file_of(
    const struct cf_log_set *set, const struct cf_walk_place *place, bool *unsure_out)
{
	struct cf_file_identity identity;

	*unsure_out = false;
	/* From the end: most likely the newest, and compressed ones are dear. */
	for (size_t i = set->count; i > 0; i--) {
		if (!identify(set->paths[i - 1], &identity))
			*unsure_out = true;
		else if (cf_walk_place_is(place, &identity))
			return i - 1;
	}
	return set->count;
}

/* Opens the file in which the place is, and goes there. CF_EIO after a message. */
static enum cf_status open_place(
    struct cf_walk *walk, struct followed *followed, const struct cf_walk_logs *files)
{
	struct cf_walk_place *place = &walk->state->places[followed->place];
	struct cf_log_set set = {.paths = NULL};
	struct cf_file_identity identity = {0};
	bool unsure = false;

	/* Names may change between looking and opening: what was opened is looked at again. */
	for (unsigned i = 0; i < OPEN_TRIES; i++) {
		cf_log_set_done(&set);
		if (cf_log_set_find_also(place->path, files->olddir, &set) != CF_OK)
			break;
		size_t at = file_of(&set, place, &unsure);

		if (at == set.count ||
		    cf_reader_open(set.paths[at], &followed->reader, NULL) != CF_OK)
			break;
		cf_reader_identity(followed->reader, &identity);
		if (cf_walk_place_is(place, &identity))
			break;
		cf_reader_close(followed->reader);
		followed->reader = NULL;
	}
	if (followed->reader != NULL &&
	    cf_reader_skip_to(followed->reader, place->offset) != CF_OK) {
		cf_walk_say(walk->say, "'%s' got shorter than byte %llu, where it stopped",
		    cf_reader_path(followed->reader), (unsigned long long)place->offset);
		unsure = true;
	} else if (followed->reader == NULL) {
		cf_walk_say(walk->say,
		    "the file of '%s' that was read last is gone%s: what was written "
		    "behind its byte %llu may be missing",
		    place->path, unsure ? ", or cannot be read" : "",
		    (unsigned long long)place->offset);
		/* All that is there is younger, and what the output has of it is nothing. */
		cf_walk_out_forget(walk->out);
		if (!unsure && set.count > 0)
			followed->reader = open_file(walk, set.paths[0]);
	}
	unsure = unsure || followed->reader == NULL;
	cf_log_set_done(&set);
	return unsure ? CF_EIO : CF_OK;
}

/* The file behind the one that is open in the order of the set, or NULL; several times as long as
 * names change meanwhile. One without a line is left out unless it is the last. */
static struct cf_reader *open_next(const struct followed *followed, const char *olddir)
{
	struct cf_file_identity identity;
	struct cf_walk_place place = {.path = NULL};
	struct cf_reader *next = NULL;
	struct cf_log_set set;
	bool unsure;

	cf_reader_identity(followed->reader, &identity);
	if (!identity.has_first_line || cf_log_set_find_also(followed->path, olddir, &set) != CF_OK)
		return NULL;
	memcpy(place.first_line, identity.first_line, sizeof place.first_line);
	for (size_t i = file_of(&set, &place, &unsure) + 1; i < set.count && next == NULL; i++) {
		if (cf_reader_open(set.paths[i], &next, NULL) != CF_OK) {
			next = NULL;
			break; /* it is tried again */
		}
		cf_reader_identity(next, &identity);
		if (identity.has_first_line || i + 1 == set.count)
			break;
		cf_reader_close(next);
		next = NULL;
	}
	cf_log_set_done(&set);
	return next;
}

/* As above, when names stayed as they were for as long as it took. */
static struct cf_reader *open_behind(const struct followed *followed, const char *olddir)
{
	for (unsigned i = 0; i < OPEN_TRIES; i++) {
		struct cf_reader *one = open_next(followed, olddir);
		struct cf_reader *two = one == NULL ? NULL : open_next(followed, olddir);
		struct cf_file_identity first, second;

		if (two == NULL)
			return one;
		cf_reader_identity(one, &first);
		cf_reader_identity(two, &second);
		cf_reader_close(two);
		if (first.dev == second.dev && first.ino == second.ino)
			return one;
		cf_reader_close(one);
	}
	return NULL;
}

/* A file that was just rotated may still be written to: until that is over, it is read on. */
static bool is_settled(struct cf_reader *reader, time_t since)
{
	struct cf_file_identity identity;
	struct stat about;
	time_t now = time(NULL);

	cf_reader_identity(reader, &identity);
	if (identity.compressed)
		return true;
	if (stat(cf_reader_path(reader), &about) == 0 && about.st_dev == identity.dev &&
	    about.st_ino == identity.ino && about.st_ctime <= now)
		return now - about.st_ctime >= SETTLED_S;
	return now - since >= SETTLED_S;
}

/* From the file that is open to the last one of the set, which stays open. */
static enum cf_status show_behind(
    struct cf_walk *walk, struct followed *followed, const char *olddir)
{
	struct cf_reader *next;

	for (;;) {
		time_t since = time(NULL);
		bool settled;

		if (!show_all(walk, followed))
			return ferror(walk->out->to) ? CF_OK : CF_EIO;
		next = open_behind(followed, olddir);
		if (next == NULL)
			return CF_OK;
		do {
			settled = is_settled(followed->reader, since);
			if (!settled)
				pause_a_little();
			if (!show_all(walk, followed)) {
				cf_reader_close(next);
				return ferror(walk->out->to) ? CF_OK : CF_EIO;
			}
		} while (!settled);
		cf_reader_close(followed->reader);
		followed->reader = next;
	}
}

/* All files of one set in turn; the last one stays open for following. */
static enum cf_status show_set(
    struct cf_walk *walk, const struct cf_log_set *set, struct followed *followed)
{
	enum cf_status result = CF_OK;

	for (size_t i = 0; i < set->count && !ferror(walk->out->to); i++) {
		cf_reader_close(followed->reader);
		followed->reader = open_file(walk, set->paths[i]);
		if (followed->reader == NULL || !show_all(walk, followed))
			result = CF_EIO;
	}
	return result;
}

/* From where the state says, or all of the set; then what was written meanwhile. */
static enum cf_status show_log(
    struct cf_walk *walk, const struct cf_walk_logs *files, size_t index, struct followed *followed)
{
	enum cf_status result;

	followed->path = files->names[index];
	if (walk->state->path == NULL)
		return show_set(walk, &files->sets[index], followed);
	if (walk->state->places[followed->place].is_known)
		result = open_place(walk, followed, files);
	else
		result = show_set(walk, &files->sets[index], followed);
	if (result != CF_OK || followed->reader == NULL)
		return result;
	return show_behind(walk, followed, files->olddir);
}

static void go_on(struct followed *followed, const char *olddir)
{
	struct cf_reader *next = open_behind(followed, olddir);

	cf_reader_close(followed->reader);
	followed->reader = next; /* NULL: the path itself is tried next */
	followed->leaving = 0;
}

/* Another file is at the path now, or the one that is open was never there. */
static bool is_rotated(const struct followed *followed)
{
	return strcmp(cf_reader_path(followed->reader), followed->path) != 0 ||
	    cf_reader_is_rotated(followed->reader);
}

/*
 * The writer of a file that was rotated needs a second to notice, and writes there until then: the
 * old file is read on for as long, and longer, before the new one is begun.
 */
static void look_at(struct cf_walk *walk, struct followed *followed, const char *olddir)
{
	if (followed->reader == NULL) {
		/* Tried in silence: it will be there again. */
		if (cf_reader_open(followed->path, &followed->reader, NULL) != CF_OK)
			followed->reader = NULL;
		return;
	}
	if (followed->leaving == 0 && is_rotated(followed))
		followed->leaving = LEAVING_LOOKS;
	if (!show_all(walk, followed)) {
		cf_reader_close(followed->reader);
		followed->reader = NULL;
		followed->leaving = 0;
	} else if (followed->leaving > 0 && --followed->leaving == 0) {
		go_on(followed, olddir);
	}
}

/* Each new file of those paths in turn. */
static void follow(
    struct cf_walk *walk, const struct cf_walk_logs *files, struct followed *followed)
{
	while (!ferror(walk->out->to) && cf_walk_out_flush(walk->out)) {
		for (size_t i = 0; i < files->count; i++)
			look_at(walk, &followed[i], files->olddir);
		pause_a_little();
	}
}

static enum cf_status walk_all(
    struct cf_walk *walk, const struct cf_walk_logs *files, struct followed *followed)
{
	enum cf_status result = CF_OK;

	for (size_t i = 0; i < files->count && walk->state->path != NULL; i++) {
		const struct cf_walk_place *place =
		    cf_walk_state_place(walk->state, files->names[i]);

		if (place == NULL) {
			cf_walk_say(walk->say, "no memory");
			return CF_EIO;
		}
		followed[i].place = (size_t)(place - walk->state->places);
	}
	for (size_t i = 0; i < files->count; i++)
		if (show_log(walk, files, i, &followed[i]) != CF_OK)
			result = CF_EIO;
	if (walk->caught_up != NULL)
		walk->caught_up(walk->arg);
	if (walk->follow)
		follow(walk, files, followed);
	if (!cf_walk_out_flush(walk->out) && walk->out->fd >= 0)
		result = CF_EIO;
	return result;
}

enum cf_status cf_walk_run(struct cf_walk *walk, const struct cf_walk_logs *files)
{
	struct followed *followed = calloc(files->count + 1, sizeof *followed);
	enum cf_status result = CF_EIO;

	if (followed == NULL) {
		cf_walk_say(walk->say, "no memory");
		return CF_EIO;
	}
	result = walk_all(walk, files, followed);
	for (size_t i = 0; i < files->count; i++)
		cf_reader_close(followed[i].reader);
	free(followed);
	return result;
}
