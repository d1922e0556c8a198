/*
 * seq TAB at TAB who TAB verb TAB arg TAB arg TAB arg TAB arg TAB by TAB sha256 LF; \t \n
 * \\ escaped in texts. Files of before have no by. One file: what is read, what is appended and
 * what a witness says of it share one chain of hashes over the same fields.
 */

#include "ledger/action.h"

#include "base/input_file.h"
#include "base/instant.h"
#include "base/limits.h"
#include "base/sha256.h"
#ifdef CF_HAVE_PGSQL
#include "ledger/pgsql/pgsql_beside.h"
#include "ledger/store/ledger.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIELDS     (4 + CF_ACTION_ARGS)
#define FILE_BYTES (64u << 20) /* a hundred thousand corrections; more is another file */
#define LINE_BYTES ((FIELDS + 1) * (2 * CF_LEDGER_TEXT_BYTES + 1) + CF_SHA256_TEXT_BYTES)

struct cf_actions {
	char *text; /* the file, taken apart in place */
	struct cf_ledger_action *items;
	bool *undone;
	size_t count;
	char seal[CF_SHA256_TEXT_BYTES];
};

static bool actions_path(const char *ledger_path, char path[PATH_MAX])
{
	return (size_t)snprintf(path, PATH_MAX, "%s.actions", ledger_path) < PATH_MAX;
}

static void seal_of(
    const char *previous, const char *line, size_t len, char text[CF_SHA256_TEXT_BYTES])
{
	uint8_t digest[CF_SHA256_BYTES];
	struct cf_sha256 *sha = cf_sha256_new();

	text[0] = '\0'; /* without memory: matches nothing */
	if (sha == NULL)
		return;
	cf_sha256_update(sha, previous, strlen(previous));
	cf_sha256_update(sha, line, len);
	cf_sha256_final(sha, digest);
	cf_sha256_free(sha);
	cf_sha256_format(digest, text);
}

static char unescaped(char letter)
{
	if (letter == 't')
		return '\t';
	return letter == 'n' ? '\n' : letter;
}

/* Undoes the escapes in place. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		if (*from == '\\' && from[1] != '\0') {
			from++;
			*to++ = unescaped(*from);
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
}

/* Takes one line without its newline apart; false when it is not an action that follows. */
static bool parse_line(struct cf_actions *actions, char *line, size_t len, uint32_t seq)
{
	struct cf_ledger_action *action = &actions->items[actions->count];
	char *fields[FIELDS + 1], seal[CF_SHA256_TEXT_BYTES], *end;
	char *tab = memrchr(line, '\t', len);

	if (tab == NULL)
		return false;
	seal_of(actions->seal, line, (size_t)(tab - line), seal);
	if (seal[0] == '\0' || strcmp(seal, tab + 1) != 0)
		return false;
	fields[0] = line;
	for (size_t i = 1; i <= FIELDS; i++) {
		char *next = strchr(fields[i - 1], '\t');

		if (next == NULL)
			return false;
		*next = '\0';
		fields[i] = next + 1;
	}
	/* What is left is the digest, or who made it and the digest. */
	action->by = "";
	memcpy(action->sha256, seal, sizeof seal);
	if (fields[FIELDS] != tab + 1) {
		if (strchr(fields[FIELDS], '\t') != tab)
			return false;
		*tab = '\0';
		unescape(fields[FIELDS]);
		action->by = fields[FIELDS];
	}
	memcpy(actions->seal, seal, sizeof seal);
	for (size_t i = 0; i < FIELDS; i++)
		unescape(fields[i]);
	action->seq = (uint32_t)strtoul(fields[0], &end, 10);
	if (*end != '\0' || action->seq != seq ||
	    cf_instant_parse(fields[1], &action->at_wall_s) != CF_OK)
		return false;
	action->who = fields[2];
	action->verb = fields[3];
	for (size_t i = 0; i < CF_ACTION_ARGS; i++)
		action->args[i] = fields[4 + i];
	actions->count++;
	return true;
}

/* The number of the action that an undo takes back, one before the undo itself; 0: none. */
static size_t undone_by(const struct cf_ledger_action *action, size_t seq)
{
	const char *text = action->args[0] == NULL ? "" : action->args[0];
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && number < seq ? number : 0;
}

/* From the last to the first: an undo that was taken back takes nothing back. */
static void apply_undo(struct cf_actions *actions)
{
	for (size_t i = actions->count; i > 0; i--) {
		const struct cf_ledger_action *action = &actions->items[i - 1];
		size_t target = strcmp(action->verb, "undo") == 0 && !actions->undone[i - 1]
		    ? undone_by(action, i)
		    : 0;

		if (target > 0)
			actions->undone[target - 1] = true;
	}
}

static enum cf_status parse_all(
    struct cf_actions *actions, const char *path, size_t len, struct cf_error *error)
{
	size_t lines = 0;

	for (size_t i = 0; i < len; i++)
		lines += actions->text[i] == '\n';
	actions->items = calloc(lines + 1, sizeof *actions->items);
	actions->undone = calloc(lines + 1, sizeof *actions->undone);
	if (actions->items == NULL || actions->undone == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	char *line = actions->text, *end = actions->text + len;

	for (uint32_t seq = 1; line < end; seq++) {
		char *newline = memchr(line, '\n', (size_t)(end - line));

		if (newline == NULL)
			break; /* torn by a crash while appending: never acknowledged */
		*newline = '\0';
		if (strlen(line) != (size_t)(newline - line) ||
		    !parse_line(actions, line, (size_t)(newline - line), seq))
			return cf_error_set_at(error, CF_ECHECKSUM, path, seq,
			    "action %u does not follow from the one before; somebody changed the "
			    "file",
			    seq);
		line = newline + 1;
	}
	apply_undo(actions);
	return CF_OK;
}

static enum cf_status read_file(
    int fd, const char *path, char **text_out, size_t *len_out, struct cf_error *error)
{
	struct stat st;
	size_t len = 0;

	if (fstat(fd, &st) != 0)
		return cf_error_set(error, CF_EIO, "cannot read '%s': %s", path, strerror(errno));
	if (st.st_size > FILE_BYTES)
		return cf_error_set(error, CF_ETOOBIG, "'%s' is longer than 64 MiB", path);
	char *text = malloc((size_t)st.st_size + 1);

	if (text == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	while (len < (size_t)st.st_size) {
		ssize_t got = pread(fd, text + len, (size_t)st.st_size - len, (off_t)len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		len += (size_t)got;
	}
	text[len] = '\0';
	*text_out = text;
	*len_out = len;
	return CF_OK;
}

/* From the file, or of a text that becomes the actions'. */
static enum cf_status load(int fd, char *text, size_t text_len, const char *path,
    struct cf_actions **actions_out, struct cf_error *error)
{
	struct cf_actions *actions = calloc(1, sizeof *actions);
	size_t len = 0;
	enum cf_status status = CF_OK;

	if (actions == NULL) {
		free(text);
		return cf_error_set(error, CF_ENOMEM, "no memory");
	}
	if (text != NULL) {
		actions->text = text;
		status = parse_all(actions, path, text_len, error);
	} else if (fd >= 0) {
		status = read_file(fd, path, &actions->text, &len, error);
		if (status == CF_OK)
			status = parse_all(actions, path, len, error);
	}
	if (status != CF_OK) {
		cf_actions_close(actions);
		return status;
	}
	*actions_out = actions;
	return CF_OK;
}

#ifdef CF_HAVE_PGSQL
static enum cf_status open_there(
    const char *ledger_path, struct cf_actions **actions_out, struct cf_error *error)
{
	struct cf_pgsql_beside *beside = NULL;
	char *text = NULL;
	size_t len = 0;
	enum cf_status status =
	    cf_pgsql_beside_open(ledger_path, "actions", false, &beside, &text, &len, error);

	if (status == CF_OK)
		status = load(-1, text, len, ledger_path, actions_out, error);
	cf_pgsql_beside_close(beside);
	return status;
}
#endif

enum cf_status cf_actions_open(
    const char *ledger_path, struct cf_actions **actions_out, struct cf_error *error)
{
	char path[PATH_MAX];

#ifdef CF_HAVE_PGSQL
	if (cf_ledger_is_address(ledger_path))
		return open_there(ledger_path, actions_out, error);
#endif
	if (!actions_path(ledger_path, path))
		return cf_error_set(error, CF_EINVALID, "name of the ledger is too long");
	int fd = -1;
	enum cf_status status = cf_input_open(path, &fd, error);

	if (status != CF_OK && errno != ENOENT)
		return status;
	status = load(fd, NULL, 0, path, actions_out, error);

	if (fd >= 0)
		close(fd);
	return status;
}

void cf_actions_close(struct cf_actions *actions)
{
	if (actions == NULL)
		return;
	free(actions->text);
	free(actions->items);
	free(actions->undone);
	free(actions);
}

size_t cf_actions_count(const struct cf_actions *actions)
{
	return actions->count;
}

const struct cf_ledger_action *cf_actions_get(const struct cf_actions *actions, size_t index)
{
	return &actions->items[index];
}

bool cf_actions_is_undone(const struct cf_actions *actions, size_t index)
{
	return actions->undone[index];
}

/* The letter behind the backslash for a tab, a newline or a backslash. */
static char escaped(char c)
{
	if (c == '\t')
		return 't';
	return c == '\n' ? 'n' : c;
}

static size_t put_field(char *line, size_t at, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\t' || *text == '\n' || *text == '\\') {
			line[at++] = '\\';
			line[at++] = escaped(*text);
		} else {
			line[at++] = *text;
		}
	}
	line[at++] = '\t';
	return at;
}

/* The offset behind the last whole line: a torn one is written over. */
static size_t whole_bytes(int fd)
{
	struct stat st;
	char byte;
	off_t at = fstat(fd, &st) == 0 ? st.st_size : 0;

	while (at > 0 && (pread(fd, &byte, 1, at - 1) != 1 || byte != '\n'))
		at--;
	return (size_t)at;
}

/* The line of an action that follows the others; its length, 0 without memory. */
static size_t format_line(
    const struct cf_actions *before, struct cf_ledger_action *action, char line[LINE_BYTES])
{
	char seq[16], when[CF_INSTANT_TEXT_BYTES], seal[CF_SHA256_TEXT_BYTES];
	size_t len = 0;

	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): opened with CF_OK */
	action->seq = (uint32_t)before->count + 1;
	snprintf(seq, sizeof seq, "%u", action->seq);
	len = put_field(line, len, seq);
	len = put_field(line, len, cf_instant_format(action->at_wall_s, when));
	len = put_field(line, len, action->who);
	len = put_field(line, len, action->verb);
	for (size_t i = 0; i < CF_ACTION_ARGS; i++)
		len = put_field(line, len, action->args[i] == NULL ? "" : action->args[i]);
	len = put_field(line, len, action->by == NULL ? "" : action->by);
	seal_of(before->seal, line, len - 1, seal);
	memcpy(action->sha256, seal, sizeof seal);
	memcpy(line + len, seal, CF_SHA256_TEXT_BYTES - 1);
	len += CF_SHA256_TEXT_BYTES - 1;
	line[len++] = '\n';
	return seal[0] == '\0' ? 0 : len;
}

static enum cf_status append_line(int fd, const char *path, const struct cf_actions *before,
    struct cf_ledger_action *action, struct cf_error *error)
{
	char line[LINE_BYTES];
	size_t len = format_line(before, action, line), at = whole_bytes(fd);

	if (len == 0)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	if (ftruncate(fd, (off_t)at) != 0 || pwrite(fd, line, len, (off_t)at) != (ssize_t)len ||
	    fsync(fd) != 0) {
		int reason = errno;

		if (ftruncate(fd, (off_t)at) != 0)
			errno = reason; /* a torn line is ignored by every reader anyway */
		return cf_error_set(error, CF_EIO,
		    "cannot write '%s': %s; the action was not recorded", path, strerror(reason));
	}
	return CF_OK;
}

static bool fits(const struct cf_ledger_action *action)
{
	if (strlen(action->who) > CF_LEDGER_TEXT_BYTES ||
	    (action->by != NULL && strlen(action->by) > CF_LEDGER_TEXT_BYTES))
		return false;
	for (size_t i = 0; i < CF_ACTION_ARGS; i++)
		if (action->args[i] != NULL && strlen(action->args[i]) > CF_LEDGER_TEXT_BYTES)
			return false;
	return true;
}

/* What is not there yet cannot be taken back: it would be void at birth. */
static enum cf_status check_undo(
    const struct cf_actions *before, const struct cf_ledger_action *action, struct cf_error *error)
{
	if (strcmp(action->verb, "undo") != 0)
		return CF_OK;
	size_t target = undone_by(action, before->count + 1);

	if (target == 0)
		return cf_error_set(error, CF_ENOTFOUND,
		    "there is no action '%s'; nothing was recorded", action->args[0]);
	if (before->undone[target - 1])
		return cf_error_set(error, CF_ENOTFOUND,
		    "action %zu is taken back already; nothing was recorded", target);
	return CF_OK;
}

void cf_action_witness(const struct cf_ledger_action *action, char text[CF_ACTION_WITNESS_BYTES])
{
	(void)snprintf(text, CF_ACTION_WITNESS_BYTES, "curfew-action-1 seq=%u sha256=%.64s",
	    action->seq, action->sha256);
}

enum cf_action_said cf_actions_compare(
    const struct cf_actions *actions, const char *line, uint32_t *seq_out)
{
	const char *found = strstr(line, "curfew-action-1 ");
	char sha256[CF_SHA256_TEXT_BYTES];
	unsigned seq = 0;

	if (found == NULL ||
	    sscanf(found, "curfew-action-1 seq=%9u sha256=%64[0-9a-f]", &seq, sha256) != 2 ||
	    seq == 0 || strlen(sha256) != sizeof sha256 - 1)
		return CF_ACTION_NOTHING;
	*seq_out = seq;
	if (seq > actions->count)
		return CF_ACTION_MISSING;
	return strcmp(actions->items[seq - 1].sha256, sha256) == 0 ? CF_ACTION_HERE
	                                                           : CF_ACTION_OTHER;
}

#ifdef CF_HAVE_PGSQL
static enum cf_status append_there(
    const char *ledger_path, struct cf_ledger_action *action, struct cf_error *error)
{
	struct cf_pgsql_beside *beside = NULL;
	struct cf_actions *before = NULL;
	char *text = NULL, line[LINE_BYTES];
	size_t len = 0;
	enum cf_status status =
	    cf_pgsql_beside_open(ledger_path, "actions", true, &beside, &text, &len, error);

	if (status == CF_OK)
		status = load(-1, text, len, ledger_path, &before, error);
	if (status == CF_OK)
		status = check_undo(before, action, error);
	if (status == CF_OK) {
		len = format_line(before, action, line);
		status = len == 0 ? cf_error_set(error, CF_ENOMEM, "no memory")
		                  : cf_pgsql_beside_put(beside, line, len, false, error);
	}
	cf_actions_close(before);
	cf_pgsql_beside_close(beside);
	return status;
}
#endif

enum cf_status cf_action_append(
    const char *ledger_path, struct cf_ledger_action *action, struct cf_error *error)
{
	char path[PATH_MAX];
	struct cf_actions *before = NULL;

	if (!fits(action))
		return cf_error_set(
		    error, CF_ETOOBIG, "a text is longer than %d bytes", CF_LEDGER_TEXT_BYTES);
#ifdef CF_HAVE_PGSQL
	if (cf_ledger_is_address(ledger_path))
		return append_there(ledger_path, action, error);
#endif
	if (!actions_path(ledger_path, path))
		return cf_error_set(error, CF_EINVALID, "name of the ledger is too long");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
	struct stat about;

	if (fd >= 0 && fstat(fd, &about) == 0 && !S_ISREG(about.st_mode)) {
		close(fd);
		return cf_error_set(error, CF_EINVALID,
		    "'%s' is not a regular file; the action was not recorded", path);
	}
	if (fd < 0 || flock(fd, LOCK_EX) != 0) {
		if (fd >= 0)
			close(fd);
		return cf_error_set(error, CF_EIO,
		    "cannot write '%s': %s; the action was not recorded", path, strerror(errno));
	}
	enum cf_status status = load(fd, NULL, 0, path, &before, error);

	if (status == CF_OK)
		status = check_undo(before, action, error);
	if (status == CF_OK)
		status = append_line(fd, path, before, action, error);
	cf_actions_close(before);
	close(fd);
	return status;
}
