/* channel.yaml and what is remembered of a channel: whatever lies there, what is taken is within
 * its bounds, and what was read is written and read again as it was. */

#include "compile/policy/channel.h"
#include "promise.h"
#include "update/channel_state.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *folder(void)
{
	static char path[] = "/tmp/curfew-fuzz-channel-XXXXXX";
	static bool made;

	if (!made)
		must(mkdtemp(path) != NULL);
	made = true;
	return path;
}

static void read_file(const uint8_t *data, size_t len)
{
	struct cf_channel *channel = NULL;
	struct cf_diags diags;

	cf_diags_init(&diags);
	if (cf_channel_parse((const char *)data, len, "channel.yaml", &channel, &diags) == CF_OK) {
		must(diags.errors == 0);
		must(channel->source.place_count > 0 && channel->source.key_count > 0);
		must(channel->source.most_shrink_percent <= 100);
		must(strchr(channel->source.pack, '/') == NULL);
		cf_channel_free(channel);
	} else {
		must(channel == NULL);
	}
	cf_diags_done(&diags);
}

static void read_state(const uint8_t *data, size_t len)
{
	struct cf_channel_state state, again;
	struct cf_error error;
	char path[CF_PATH_BYTES];
	int fd = open(cf_channel_state_path(folder(), path), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0 && write(fd, data, len) == (ssize_t)len && close(fd) == 0);
	if (cf_channel_state_read(folder(), &state, &error) == CF_OK) {
		must(cf_channel_state_write(folder(), &state, &error) == CF_OK);
		must(cf_channel_state_read(folder(), &again, &error) == CF_OK);
		must(state.serial == again.serial && strcmp(state.sha256, again.sha256) == 0);
	}
	must(unlink(path) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0 || len > 65536)
		return 0;
	if (data[0] & 1)
		read_file(data + 1, len - 1);
	else
		read_state(data + 1, len - 1);
	return 0;
}
