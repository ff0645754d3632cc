/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's own messages are kept and sent again with another interface index: so nothing of a
 * row is lost, not even what this netd knows nothing of. */
#include "bridge/host-rows.h"

#include "base/cursor.h"
#include "base/log.h"
#include "bridge/apply-internal.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <string.h>

#ifndef IFA_PROTO
#define IFA_PROTO 11 /* Linux 5.18 */
#endif
#define DUMP_BUF 65536
#define ATTEMPTS 5 /* a dump that the world changed under is read again */
#define USER_HZ  100
#define INFINITE UINT32_MAX /* INFINITY_LIFE_TIME */
#define ROW_MAX  4096

void host_rows_done(struct host_rows *h)
{
	free(h->bytes);
	*h = (struct host_rows){ 0 };
}

static int append(struct host_rows *h, const struct nlmsghdr *nlh)
{
	size_t room = NLMSG_ALIGN(nlh->nlmsg_len);

	if (h->n >= HOST_ROWS_MAX)
		return -E2BIG;
	if (GROW(h->bytes, h->cap, h->len + room) < 0)
		return -ENOMEM;
	memset(h->bytes + h->len, 0, room);
	memcpy(h->bytes + h->len, nlh, nlh->nlmsg_len);
	h->len += room;
	h->n++;
	return 0;
}

static struct nlmsghdr *next_row(const struct host_rows *h, struct nlmsghdr *row)
{
	uint8_t *p = row ? (uint8_t *)row + NLMSG_ALIGN(row->nlmsg_len) : h->bytes;

	return p && p < h->bytes + h->len ? (struct nlmsghdr *)p : NULL;
}

/* Reading */

struct reading {
	struct host_rows *rows;
	int failed;
};

static bool is_addr_of(struct nlmsghdr *nlh, uint32_t ifindex)
{
	const struct ifaddrmsg *ifa = nlmsg_data(nlh);

	return nlmsg_valid_hdr(nlh, sizeof(*ifa)) && ifa->ifa_index == ifindex &&
	       !(ifa->ifa_family == AF_INET6 && ifa->ifa_scope == RT_SCOPE_LINK);
}

/* Whether one of the next hops in RTA_MULTIPATH leaves by the link; `to` takes its place. */
static bool replace_hops(struct nlattr *hops, uint32_t ifindex, uint32_t to)
{
	uint8_t *p = nla_data(hops), *end = p + nla_len(hops);
	bool any = false;

	while ((size_t)(end - p) >= sizeof(struct rtnexthop)) {
		struct rtnexthop *nh = (struct rtnexthop *)p;
		size_t len = RTNH_ALIGN(nh->rtnh_len);
		if (nh->rtnh_len < sizeof(*nh) || len > (size_t)(end - p))
			break;
		nh->rtnh_flags &= RTNH_F_ONLINK;
		if ((uint32_t)nh->rtnh_ifindex == ifindex) {
			nh->rtnh_ifindex = (int)to;
			any = true;
		}
		p += len;
	}
	return any;
}

static const struct nla_policy route_policy[RTA_MAX + 1] = {
	[RTA_OIF] = { .type = NLA_U32 },
	[RTA_TABLE] = { .type = NLA_U32 },
	[RTA_CACHEINFO] = { .minlen = sizeof(struct rta_cacheinfo) },
};

static bool is_route_of(struct nlmsghdr *nlh, uint32_t ifindex)
{
	struct nlattr *tb[RTA_MAX + 1];
	const struct rtmsg *rtm = nlmsg_data(nlh);

	if (nlmsg_parse(nlh, sizeof(*rtm), tb, RTA_MAX, route_policy) < 0)
		return false;
	uint32_t table = tb[RTA_TABLE] ? nla_get_u32(tb[RTA_TABLE]) : rtm->rtm_table;
	if (table == RT_TABLE_LOCAL || rtm->rtm_type != RTN_UNICAST ||
	    rtm->rtm_flags & RTM_F_CLONED || rtm->rtm_protocol == RTPROT_KERNEL ||
	    rtm->rtm_protocol == RTPROT_REDIRECT)
		return false;
	if (tb[RTA_OIF])
		return nla_get_u32(tb[RTA_OIF]) == ifindex;
	return tb[RTA_MULTIPATH] && replace_hops(tb[RTA_MULTIPATH], ifindex, ifindex);
}

static int copy_attr(struct nl_msg *m, const struct nlattr *a)
{
	return nla_put(m, nla_type(a), nla_len(a), nla_data(a));
}

/* The route that one next hop of `row` is by itself. */
static int append_hop(struct host_rows *h, struct nlmsghdr *row, const struct rtnexthop *nh)
{
	struct nl_msg *m = rtnl_message(RTM_NEWROUTE, 0, nlmsg_data(row), sizeof(struct rtmsg));
	struct nlattr *a;
	int rem, r = m ? nla_put_u32(m, RTA_OIF, (uint32_t)nh->rtnh_ifindex) : -ENOMEM;

	nlmsg_for_each_attr(a, row, sizeof(struct rtmsg), rem)
	{
		if (r >= 0 && nla_type(a) != RTA_MULTIPATH)
			r = copy_attr(m, a);
	}
	nla_for_each_attr(a, (struct nlattr *)RTNH_DATA(nh), nh->rtnh_len - (int)sizeof(*nh), rem)
	{
		if (r >= 0)
			r = copy_attr(m, a);
	}
	r = r < 0 ? -ENOMEM : append(h, nlmsg_hdr(m));
	nlmsg_free(m);
	return r;
}

/* In IPv6 several next hops are several routes, told as one: those by this link are wanted. (While
 * a row is on its way it is on two links, and so told.) */
static int append_hops(struct host_rows *h, struct nlmsghdr *row, const struct nlattr *hops)
{
	const uint8_t *p = nla_data(hops), *end = p + nla_len(hops);
	int r = 0;

	while (r == 0 && (size_t)(end - p) >= sizeof(struct rtnexthop)) {
		const struct rtnexthop *nh = (const struct rtnexthop *)p;
		if (nh->rtnh_len < sizeof(*nh) ||
		    (size_t)RTNH_ALIGN(nh->rtnh_len) > (size_t)(end - p))
			break;
		if ((uint32_t)nh->rtnh_ifindex == h->ifindex)
			r = append_hop(h, row, nh);
		p += RTNH_ALIGN(nh->rtnh_len);
	}
	return r;
}

static void take_row(void *data, const struct nlmsghdr *nlh)
{
	struct reading *r = data;
	struct nlmsghdr *h = (struct nlmsghdr *)(uintptr_t)nlh;

	if (r->failed)
		return;
	if (h->nlmsg_type == RTM_NEWADDR && is_addr_of(h, r->rows->ifindex)) {
		r->failed = append(r->rows, h);
	} else if (h->nlmsg_type == RTM_NEWROUTE && is_route_of(h, r->rows->ifindex)) {
		const struct rtmsg *rtm = nlmsg_data(h);
		const struct nlattr *hops = rtm->rtm_family == AF_INET6
						? nlmsg_find_attr(h, sizeof(*rtm), RTA_MULTIPATH)
						: NULL;
		r->failed = hops ? append_hops(r->rows, h, hops) : append(r->rows, h);
	}
}

static int dump(struct kernel_socket *ks, int type, const void *body, size_t n, uint8_t *buf,
		struct reading *r)
{
	struct nl_msg *m = rtnl_message(type, NLM_F_DUMP, body, n);
	int result;

	if (!m)
		return -ENOMEM;
	nlmsg_hdr(m)->nlmsg_seq = ++ks->seq;
	result = send(ks->fd, nlmsg_hdr(m), nlmsg_hdr(m)->nlmsg_len, 0) < 0 ? -errno : 0;
	nlmsg_free(m);
	if (result == 0)
		result = rtnl_read_answers(ks->fd, ks->seq, buf, DUMP_BUF, take_row, r);
	return result < 0 ? result : r->failed;
}

static int dump_all(struct kernel_socket *ks, uint8_t *buf, struct host_rows *h)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct reading r = { .rows = h };
	int result = 0;

	h->len = h->n = 0;
	for (size_t i = 0; i < ARRAY_LEN(families) && result == 0; i++) {
		struct ifaddrmsg ifa = { .ifa_family = families[i], .ifa_index = h->ifindex };
		result = dump(ks, RTM_GETADDR, &ifa, sizeof(ifa), buf, &r);
	}
	for (size_t i = 0; i < ARRAY_LEN(families) && result == 0; i++) {
		struct rtmsg rtm = { .rtm_family = families[i] };
		result = dump(ks, RTM_GETROUTE, &rtm, sizeof(rtm), buf, &r);
		if (result == -EOPNOTSUPP) /* a kernel without IPv6 */
			result = 0;
	}
	return result;
}

int host_rows_read(struct kernel_socket *ks, uint32_t ifindex, struct host_rows *ret, struct err *e)
{
	auto_free uint8_t *buf = malloc(DUMP_BUF);
	struct host_rows h = { .ifindex = ifindex, .since = clock_boottime() };
	int r = buf ? -EAGAIN : -ENOMEM;

	for (unsigned i = 0; i < ATTEMPTS && r == -EAGAIN; i++)
		r = dump_all(ks, buf, &h);
	if (r == 0) {
		*ret = h;
		return 0;
	}
	host_rows_done(&h);
	if (r == -E2BIG)
		return err_sys(e, E2BIG,
			       "netd moves no more than %d addresses and routes from link to link",
			       HOST_ROWS_MAX);
	return err_sys(e, -r, "reading the addresses and routes of a link");
}

/* Writing */

/* "eth1" and "eth1:2" become "br0" and "br0:2"; a label of another form is not worth keeping. */
static int put_label(struct nl_msg *m, const struct nlattr *a, const struct host_place *to)
{
	char old[LINK_NAME_MAX] = "", label[2 * LINK_NAME_MAX];

	memcpy(old, nla_data(a), MIN_OF((size_t)nla_len(a), sizeof(old) - 1));
	const char *number = strchr(old, ':');
	snprintf(label, sizeof(label), "%s%s", to->name, number ? number : "");
	return strlen(label) < LINK_NAME_MAX ? nla_put_string(m, IFA_LABEL, label) : 0;
}

static uint32_t left_of(uint32_t lifetime, uint32_t elapsed_sec)
{
	if (lifetime == INFINITE)
		return INFINITE;
	return lifetime > elapsed_sec ? lifetime - elapsed_sec : 0;
}

static int put_lifetimes(struct nl_msg *m, const struct nlattr *a, uint32_t elapsed_sec)
{
	struct ifa_cacheinfo ci;

	if ((size_t)nla_len(a) < sizeof(ci))
		return 0;
	memcpy(&ci, nla_data(a), sizeof(ci));
	ci.ifa_valid = left_of(ci.ifa_valid, elapsed_sec);
	ci.ifa_prefered = left_of(ci.ifa_prefered, elapsed_sec);
	return nla_put(m, IFA_CACHEINFO, sizeof(ci), &ci);
}

static bool has_expired(struct nlmsghdr *row, uint32_t elapsed_sec)
{
	const struct nlattr *a = nlmsg_find_attr(row, sizeof(struct ifaddrmsg), IFA_CACHEINFO);
	struct ifa_cacheinfo ci;

	if (!a || (size_t)nla_len(a) < sizeof(ci))
		return false;
	memcpy(&ci, nla_data(a), sizeof(ci));
	return left_of(ci.ifa_valid, elapsed_sec) == 0;
}

static uint32_t flags_of_addr(struct nlmsghdr *row)
{
	const struct ifaddrmsg *ifa = nlmsg_data(row);
	const struct nlattr *a = nlmsg_find_attr(row, sizeof(*ifa), IFA_FLAGS);
	uint32_t flags = ifa->ifa_flags;

	if (a && nla_len(a) == sizeof(flags))
		memcpy(&flags, nla_data(a), sizeof(flags));
	/* The address was tested where it comes from, and connections shall not wait for another
	 * test. */
	return (flags & (IFA_F_NOPREFIXROUTE | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR |
			 IFA_F_MCAUTOJOIN)) |
	       (ifa->ifa_family == AF_INET6 ? IFA_F_NODAD : 0);
}

static struct nl_msg *addr_to_put(struct nlmsghdr *row, const struct host_place *to,
				  uint32_t elapsed_sec)
{
	struct ifaddrmsg ifa = *(const struct ifaddrmsg *)nlmsg_data(row);
	uint32_t flags = flags_of_addr(row);
	struct nlattr *a;
	int rem, r;

	ifa.ifa_index = to->ifindex;
	ifa.ifa_flags = (uint8_t)flags;
	struct nl_msg *m =
	    rtnl_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &ifa, sizeof(ifa));
	r = m ? nla_put_u32(m, IFA_FLAGS, flags) : -1;
	nlmsg_for_each_attr(a, row, sizeof(ifa), rem)
	{
		if (r < 0)
			break;
		if (nla_type(a) == IFA_LABEL)
			r = put_label(m, a, to);
		else if (nla_type(a) == IFA_CACHEINFO)
			r = put_lifetimes(m, a, elapsed_sec);
		else if (nla_type(a) != IFA_FLAGS && nla_type(a) <= IFA_PROTO)
			r = copy_attr(m, a);
	}
	if (r >= 0)
		return m;
	nlmsg_free(m);
	return NULL;
}

static struct nl_msg *addr_to_drop(struct nlmsghdr *row)
{
	struct ifaddrmsg ifa = *(const struct ifaddrmsg *)nlmsg_data(row);
	struct nl_msg *m = rtnl_message(RTM_DELADDR, 0, &ifa, sizeof(ifa));
	struct nlattr *a;
	int rem, r = 0;

	nlmsg_for_each_attr(a, row, sizeof(ifa), rem)
	{
		if (m && r >= 0 && (nla_type(a) == IFA_LOCAL || nla_type(a) == IFA_ADDRESS))
			r = copy_attr(m, a);
	}
	if (m && r >= 0)
		return m;
	nlmsg_free(m);
	return NULL;
}

static int put_hops(struct nl_msg *m, const struct nlattr *a, uint32_t from, uint32_t to)
{
	int r = copy_attr(m, a);
	struct nlattr *copy =
	    r < 0 ? NULL : nlmsg_find_attr(nlmsg_hdr(m), sizeof(struct rtmsg), RTA_MULTIPATH);

	if (copy)
		replace_hops(copy, from, to);
	return r;
}

/* The kernel tells an expiry in ticks beside other things, and takes it in seconds. */
static int put_expiry(struct nl_msg *m, const struct nlattr *a, uint32_t elapsed_sec)
{
	struct rta_cacheinfo ci;

	if ((size_t)nla_len(a) < sizeof(ci))
		return 0;
	memcpy(&ci, nla_data(a), sizeof(ci));
	if (ci.rta_expires <= 0)
		return 0;
	return nla_put_u32(m, RTA_EXPIRES,
			   MAX_OF(left_of((uint32_t)ci.rta_expires / USER_HZ, elapsed_sec), 1U));
}

/* With the same attributes a route is found again to be deleted. */
static struct nl_msg *route_message(struct nlmsghdr *row, int type, int flags, uint32_t from,
				    uint32_t to, uint32_t elapsed_sec)
{
	struct rtmsg rtm = *(const struct rtmsg *)nlmsg_data(row);
	struct nlattr *a;
	int rem, r = 0;

	rtm.rtm_flags &= RTNH_F_ONLINK;
	struct nl_msg *m = rtnl_message(type, flags, &rtm, sizeof(rtm));
	nlmsg_for_each_attr(a, row, sizeof(rtm), rem)
	{
		if (!m || r < 0)
			break;
		switch (nla_type(a)) {
		case RTA_OIF:
			r = nla_put_u32(m, RTA_OIF, to);
			break;
		case RTA_MULTIPATH:
			r = put_hops(m, a, from, to);
			break;
		case RTA_CACHEINFO:
			r = type == RTM_NEWROUTE ? put_expiry(m, a, elapsed_sec) : 0;
			break;
		case RTA_NH_ID: /* what the object stood for is told as well */
		case RTA_IIF:
			break;
		default:
			r = copy_attr(m, a);
		}
	}
	if (m && r >= 0)
		return m;
	nlmsg_free(m);
	return NULL;
}

/* First addresses, then routes to what is on the link, then those by way of a gateway, which the
 * former make reachable. */
enum rank { ADDRESSES, ON_LINK, BY_GATEWAY, RANKS };

static enum rank rank_of(struct nlmsghdr *row)
{
	static const int ways[] = { RTA_GATEWAY, RTA_VIA, RTA_MULTIPATH };

	if (row->nlmsg_type == RTM_NEWADDR)
		return ADDRESSES;
	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		if (nlmsg_find_attr(row, sizeof(struct rtmsg), ways[i]))
			return BY_GATEWAY;
	return ON_LINK;
}

static void row_text(struct nlmsghdr *row, char *buf, size_t cap)
{
	bool addr = row->nlmsg_type == RTM_NEWADDR;
	const struct ifaddrmsg *ifa = nlmsg_data(row);
	const struct rtmsg *rtm = nlmsg_data(row);
	int family = addr ? ifa->ifa_family : rtm->rtm_family;
	const struct nlattr *a =
	    addr ? nlmsg_find_attr(row, sizeof(*ifa), family == AF_INET ? IFA_LOCAL : IFA_ADDRESS)
		 : nlmsg_find_attr(row, sizeof(*rtm), RTA_DST);
	struct ip ip = { .family = family };
	char text[IP_TEXT_MAX];

	if (a && family == AF_INET && nla_len(a) == 4) {
		struct rd r = rd_over(nla_data(a), 4);
		ip = ip_from_v4(rd_u32(&r));
	} else if (a && family == AF_INET6 && nla_len(a) == 16)
		memcpy(ip.v6, nla_data(a), 16);
	snprintf(buf, cap, "%s %s/%u", addr ? "address" : "route to", ip_format(&ip, text),
		 (unsigned)(addr ? ifa->ifa_prefixlen : rtm->rtm_dst_len));
}

struct sending {
	struct kernel_socket *ks;
	struct nlmsghdr *rows[RTNL_BATCH_MAX];
	int forgiven[2];
	bool lenient;
	const char *doing;
	struct err *e;
};

static int send_rows(struct sending *s)
{
	struct rtnl_batch *b = &s->ks->batch;
	int r = rtnl_batch_send(s->ks->fd, &s->ks->seq, b);
	char row[80];

	if (r < 0)
		err_sys(s->e, -r, "%s addresses and routes", s->doing);
	for (size_t i = 0; i < b->n && r == 0; i++) {
		int result = b->results[i];
		if (result == 0 || result == s->forgiven[0] || result == s->forgiven[1])
			continue;
		row_text(s->rows[i], row, sizeof(row));
		if (s->lenient)
			log_warning("%s %s: %s", s->doing, row,
				    b->words[i][0] ? b->words[i] : strerror(-result));
		else
			r = rtnl_err(s->e, -result, b->words[i], "%s %s", s->doing, row);
	}
	rtnl_batch_reset(b);
	return r;
}

static int add_row(struct sending *s, struct nl_msg *m, struct nlmsghdr *row)
{
	int r = s->ks->batch.n == RTNL_BATCH_MAX ? send_rows(s) : 0;

	if (r < 0) {
		nlmsg_free(m);
		return r;
	}
	s->rows[s->ks->batch.n] = row;
	rtnl_batch_add(&s->ks->batch, m, 0);
	return 0;
}

int host_rows_put(struct kernel_socket *ks, const struct host_rows *h, const struct host_place *to,
		  bool lenient, struct err *e)
{
	struct sending s = { .ks = ks,
			     .forgiven = { -EEXIST, -EEXIST },
			     .lenient = lenient,
			     .doing = "adding the host's",
			     .e = e };
	uint32_t elapsed = (uint32_t)((clock_boottime() - h->since) / USEC_PER_SEC);
	int r = 0;

	for (unsigned rank = ADDRESSES; rank < RANKS; rank++)
		for (struct nlmsghdr *row = NULL; r == 0 && (row = next_row(h, row));) {
			if (rank_of(row) != rank ||
			    (rank == ADDRESSES && has_expired(row, elapsed)))
				continue;
			/* Beside the same route by another link, never in its place. */
			struct nl_msg *m =
			    rank == ADDRESSES
				? addr_to_put(row, to, elapsed)
				: route_message(row, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND,
						h->ifindex, to->ifindex, elapsed);
			r = add_row(&s, m, row);
		}
	return r < 0 ? r : send_rows(&s);
}

int host_rows_drop(struct kernel_socket *ks, const struct host_rows *h, struct err *e)
{
	struct sending s = { .ks = ks,
			     .forgiven = { -ESRCH, -EADDRNOTAVAIL },
			     .doing = "taking away the host's",
			     .e = e };
	int r = 0;

	for (unsigned i = RANKS; i-- > 0;)
		for (struct nlmsghdr *row = NULL; r == 0 && (row = next_row(h, row));) {
			if (rank_of(row) != i)
				continue;
			struct nl_msg *m =
			    i == ADDRESSES
				? addr_to_drop(row)
				: route_message(row, RTM_DELROUTE, 0, h->ifindex, h->ifindex, 0);
			r = add_row(&s, m, row);
		}
	return r < 0 ? r : send_rows(&s);
}

/* As text */

char *host_rows_text(const struct host_rows *h)
{
	struct text t = { 0 };

	text_add(&t, "");
	for (struct nlmsghdr *row = NULL; (row = next_row(h, row));) {
		const uint8_t *p = (const uint8_t *)row;
		for (size_t i = 0; i < row->nlmsg_len; i++)
			text_addf(&t, "%02x", p[i]);
		text_add(&t, "\n");
	}
	return text_take(&t);
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The octets of a line; 0: it isn't hexadecimal, or too long. */
static size_t read_hex(const char *line, size_t len, uint8_t *out, size_t cap)
{
	size_t n = len / 2;

	if (len % 2 || n > cap)
		return 0;
	for (size_t i = 0; i < n; i++) {
		int high = hex_digit(line[2 * i]), low = hex_digit(line[2 * i + 1]);
		if (high < 0 || low < 0)
			return 0;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return n;
}

static bool is_row(struct nlmsghdr *nlh, size_t n, uint32_t ifindex)
{
	if (n < NLMSG_HDRLEN || nlh->nlmsg_len != n)
		return false;
	return nlh->nlmsg_type == RTM_NEWADDR    ? is_addr_of(nlh, ifindex)
	       : nlh->nlmsg_type == RTM_NEWROUTE ? is_route_of(nlh, ifindex)
						 : false;
}

int host_rows_parse(const char *text, uint32_t ifindex, usec_t since, struct host_rows *ret)
{
	uint8_t bytes[ROW_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct host_rows h = { .ifindex = ifindex, .since = since };
	int r = 0;

	for (const char *line = text, *end; *line && r == 0; line = *end ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		size_t n = read_hex(line, (size_t)(end - line), bytes, sizeof(bytes));
		if (is_row((struct nlmsghdr *)bytes, n, ifindex))
			r = append(&h, (struct nlmsghdr *)bytes);
	}
	if (r == -ENOMEM) {
		host_rows_done(&h);
		return r;
	}
	*ret = h;
	return 0;
}
