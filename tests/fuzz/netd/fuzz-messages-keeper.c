/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: octet 0 the type, octet 1 the number of descriptors, then the body. What decodes must
 * encode to what decodes to the same. */
#include "netd/messages/messages-keeper.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keeper_message one, two;
	uint8_t again[KEEPER_BODY_MAX];

	if (size < 2)
		return 0;
	uint8_t *body =
	    malloc(size - 2 ? size - 2 : 1); /* exact size: the first octet past its end is seen */
	memcpy(body, data + 2, size - 2);
	struct channel_message in = {
		.type = data[0], .n_fds = data[1], .body = body, .n = size - 2
	};
	if (keeper_decode(&in, &one)) {
		in.n = keeper_encode(&one, again);
		in.body = again;
		bool same = keeper_decode(&in, &two) && memcmp(&one, &two, sizeof(one)) == 0;
		assert(same);
	}
	free(body);
	return 0;
}
