/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bodies from a process that may be hostile: what decodes encodes to the same octets. */
#include "netd/messages/messages-files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct wr *w, const uint8_t *data, size_t size)
{
	if (w->bad || wr_len(w) != size || memcmp(w->start, data, size) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message_files_counters c;
	struct message_files_serve s;
	uint8_t again[FILES_MESSAGE_MAX], *exact = malloc(size ? size : 1);
	struct wr w = wr_over(again, sizeof(again));

	memcpy(exact, data, size);
	if (message_files_serve_decode(exact, size, &s) == 0) {
		message_files_serve_encode(&w, &s);
		same(&w, data, size);
	}
	if (message_files_counters_decode(exact, size, &c) == 0) {
		message_files_counters_encode(&w, &c);
		same(&w, data, size);
	}
	free(exact);
	return 0;
}
