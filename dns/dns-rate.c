/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-rate.c — see dns-rate.h. */
#include "dns/dns-rate.h"

#include "base/cursor.h"
#include "base/table.h"

#define SETS 64 /* a power of two */
#define WAYS 4

/* Tokens are kept as the time at which the bucket would be full: later means emptier. */
struct dns_rate_bucket {
	struct ip client;
	usec_t full_at;
};

#define TOKEN_USEC (USEC_PER_SEC / DNS_RATE_PER_SEC)
#define FULL_USEC  (TOKEN_USEC * DNS_RATE_BURST)

void dns_rate_init(struct dns_rate *r)
{
	r->bucket = NULL;
	random_bytes(r->secret, sizeof(r->secret));
}

void dns_rate_done(struct dns_rate *r)
{
	free(r->bucket);
	r->bucket = NULL;
}

static struct dns_rate_bucket *set_of(struct dns_rate *r, const struct ip *client)
{
	uint8_t key[16] = { 0 };
	struct wr w = wr_over(key, sizeof(key));

	if (client->family == AF_INET)
		wr_u32(&w, client->v4);
	else
		wr_bytes(&w, client->v6, sizeof(client->v6));
	return &r->bucket[(siphash24(key, wr_len(&w), r->secret) & (SETS - 1)) * WAYS];
}

/* The client's bucket, or in its place the fullest one's, which says least. */
static struct dns_rate_bucket *bucket_of(struct dns_rate *r, const struct ip *client)
{
	struct dns_rate_bucket *set = set_of(r, client), *fullest = set;

	for (unsigned i = 0; i < WAYS; i++) {
		if (ip_equal(&set[i].client, client))
			return &set[i];
		if (set[i].full_at < fullest->full_at)
			fullest = &set[i];
	}
	*fullest = (struct dns_rate_bucket){ .client = *client };
	return fullest;
}

bool dns_rate_take(struct dns_rate *r, const struct ip *client, usec_t now)
{
	if (!r->bucket)
		r->bucket = calloc((size_t)SETS * WAYS, sizeof(*r->bucket));
	if (!r->bucket)
		return true;
	struct dns_rate_bucket *b = bucket_of(r, client);
	usec_t full_at = MAX_OF(b->full_at, now) + TOKEN_USEC;
	if (full_at > now + FULL_USEC)
		return false;
	b->full_at = full_at;
	return true;
}
