/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/util.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

int grow_array(void *array_ptr, size_t *cap, size_t need, size_t element_size)
{
	void **array = array_ptr;
	size_t want = *cap ? *cap : 8;

	if (need <= *cap)
		return 0;
	while (want < need) {
		if (want > SIZE_MAX / 2 / element_size)
			return -ENOMEM;
		want *= 2;
	}
	void *bigger = reallocarray(*array, want, element_size);
	if (!bigger)
		return -ENOMEM;
	*array = bigger;
	*cap = want;
	return 0;
}

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!text || !*text)
		return -EINVAL;
	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9')
			return -EINVAL;
		unsigned digit = (unsigned)(*p - '0');
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, digit, &v))
			return -ERANGE;
	}
	if (v < min || v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

int parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *ret)
{
	uint64_t v;
	int r = parse_u64(text, min, max, &v);

	if (r == 0)
		*ret = (uint32_t)v;
	return r;
}

bool copy_text(char *dst, size_t cap, const char *src)
{
	size_t n = strlen(src);
	bool whole = n < cap;

	if (!cap)
		return false;
	if (!whole)
		n = cap - 1;
	memcpy(dst, src, n);
	dst[n] = '\0';
	return whole;
}

void random_bytes(void *buf, size_t n)
{
	uint8_t *p = buf;

	while (n) {
		ssize_t got = getrandom(p, n, 0);
		if (got < 0) {
			if (errno == EINTR)
				continue;
			abort(); /* no randomness: transaction ids and keys would be guessable */
		}
		p += got;
		n -= (size_t)got;
	}
}
