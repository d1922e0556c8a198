/* QUIC: input as a datagram, and as the frames of a properly protected Initial. */

#include "packets.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t id[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	static struct bytes frames, packet;
	static struct watch watch;
	static bool started;

	if (len == 0 || len > 8000)
		return 0;
	if (!started)
		watch_start(&watch);
	started = true;
	watch.len = 0;
	watch.notes[0] = '\0';
	watch_datagram(&watch, flow_to(443), data, len);
	frames.len = packet.len = 0;
	put(&frames, data, len);
	make_initial(&packet, (data[0] & 1) != 0 ? 1 : 0x6b3343cf, id, id, 0, &frames);
	watch_datagram(&watch, flow_to(443), packet.at, packet.len);
	cf_decoder_flush(watch.decoder);
	return 0;
}
