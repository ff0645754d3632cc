/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wanted, as values. */
#include "bridge/shape.h"

static struct shape_rate rate_of(const struct bandwidth_limit *l)
{
	return (struct shape_rate){ .rate = l->average * 1000,
				    .peak = l->peak * 1000,
				    .burst = l->burst * 1024 };
}

void shape_of(const struct bandwidth *b, struct shape_row *ret)
{
	*ret = (struct shape_row){ .to_guests = rate_of(&b->inbound),
				   .from_guests = rate_of(&b->outbound) };
}

void shape_wanted(const struct network *n, struct shape_row *ret)
{
	shape_of(&n->bandwidth, ret);
}

static bool rate_equal(const struct shape_rate *a, const struct shape_rate *b)
{
	return a->rate == b->rate && a->peak == b->peak && a->burst == b->burst;
}

bool shape_equal(const struct shape_row *a, const struct shape_row *b)
{
	return rate_equal(&a->to_guests, &b->to_guests) &&
	       rate_equal(&a->from_guests, &b->from_guests);
}

static void rate_text(const struct shape_rate *r, const char *link, const char *way,
		      struct text *out)
{
	if (!r->rate)
		return;
	text_addf(out, "limit %s %s guests to %llu octets/s", link, way,
		  (unsigned long long)r->rate);
	if (r->peak)
		text_addf(out, ", peak %llu", (unsigned long long)r->peak);
	if (r->burst)
		text_addf(out, ", burst %llu octets", (unsigned long long)r->burst);
	text_add(out, "\n");
}

bool shape_floor_equal(const struct shape_floor *a, const struct shape_floor *b)
{
	return a->class_id == b->class_id && a->rate == b->rate && mac_equal(&a->mac, &b->mac);
}

bool shape_floors_equal(const struct shape_floors *a, const struct shape_floors *b)
{
	bool equal = a->n == b->n;

	for (size_t i = 0; i < a->n && equal; i++)
		equal = shape_floor_equal(&a->floor[i], &b->floor[i]);
	return equal;
}

static void floor_text(const struct shape_floor *f, const char *bridge, struct text *out)
{
	char mac[MAC_TEXT_MAX];

	text_addf(out, "guarantee %s %llu octets/s to %s\n", bridge, (unsigned long long)f->rate,
		  mac_format(&f->mac, mac));
}

void shape_floors_text(const struct shape_floors *fs, const char *bridge, struct text *out)
{
	for (size_t i = 0; i < fs->n; i++)
		floor_text(&fs->floor[i], bridge, out);
}

void shape_text(const struct shape_row *s, const char *link, struct text *out)
{
	rate_text(&s->to_guests, link, "to", out);
	rate_text(&s->from_guests, link, "from", out);
}
