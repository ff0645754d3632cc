/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnetlink by libnl's messages and our own sockets: libnl 3.7 knows no extended acknowledgements,
 * and turns what it doesn't know into "Unspecific failure". */
#include "bridge/rtnl.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Room for one message of ours: a link with bridge options and an alias takes about 250 octets. */
#define MESSAGE_MAX 1024

int rtnl_open(const int *groups, struct err *e)
{
	auto_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	const int options[] = { NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK };
	int on = 1;

	if (fd < 0)
		return err_sys(e, errno, "cannot open an rtnetlink socket");
	/* All are older than the oldest kernel that netd runs on; without them it still works. */
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		(void)setsockopt(fd, SOL_NETLINK, options[i], &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		return err_sys(e, errno, "cannot bind an rtnetlink socket");
	for (; groups && *groups; groups++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, groups, sizeof(*groups)) <
		    0)
			return err_sys(e, errno, "cannot watch rtnetlink group %d", *groups);
	return take_fd(&fd);
}

struct nl_msg *rtnl_message(int type, int flags, const void *body, size_t n)
{
	struct nl_msg *m = nlmsg_alloc_size(MESSAGE_MAX);

	if (!m)
		return NULL;
	if (!nlmsg_put(m, 0, 0, type, 0, NLM_F_REQUEST | flags) ||
	    nlmsg_append(m, (void *)(uintptr_t)body, n, NLMSG_ALIGNTO) < 0) {
		nlmsg_free(m);
		return NULL;
	}
	return m;
}

bool rtnl_batch_add(struct rtnl_batch *b, struct nl_msg *m, size_t tag)
{
	if (!m || b->n == RTNL_BATCH_MAX) {
		b->broken |= !m;
		nlmsg_free(m);
		return false;
	}
	b->tags[b->n] = tag;
	b->msgs[b->n++] = m;
	return true;
}

void rtnl_batch_reset(struct rtnl_batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		nlmsg_free(b->msgs[i]);
	b->n = 0;
	b->broken = false;
}

static int receive(int fd, uint8_t *buf, size_t cap, size_t *ret_n)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { buf, cap };
	struct msghdr h = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1
	};

	for (;;) {
		ssize_t n = recvmsg(fd, &h, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (h.msg_flags & MSG_TRUNC)
			return -EMSGSIZE;
		if (from.nl_pid != 0)
			continue; /* not the kernel */
		*ret_n = (size_t)n;
		return 0;
	}
}

/* The result in an NLMSG_ERROR message, and what the kernel says beside the number. */
static int read_error(const struct nlmsghdr *nlh, char *words)
{
	static const struct nla_policy policy[NLMSGERR_ATTR_MAX + 1] = {
		[NLMSGERR_ATTR_MSG] = { .type = NLA_STRING, .minlen = 1 },
	};
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];
	struct nlmsgerr err;

	words[0] = '\0';
	if ((size_t)nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(err))
		return -EBADMSG;
	memcpy(&err, NLMSG_DATA(nlh), sizeof(err));
	int fixed = sizeof(err);
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED)) {
		if (err.msg.nlmsg_len < NLMSG_HDRLEN || err.msg.nlmsg_len > nlh->nlmsg_len)
			return err.error;
		fixed += (int)(NLMSG_ALIGN(err.msg.nlmsg_len) - NLMSG_HDRLEN);
	}
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS && (uint32_t)fixed <= nlh->nlmsg_len - NLMSG_HDRLEN &&
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)nlh, fixed, tb, NLMSGERR_ATTR_MAX, policy) ==
		0 &&
	    tb[NLMSGERR_ATTR_MSG])
		copy_text(words, RTNL_WORDS_MAX, nla_get_string(tb[NLMSGERR_ATTR_MSG]));
	return err.error;
}

static void take_result(struct rtnl_batch *b, uint32_t first_seq, const struct nlmsghdr *nlh)
{
	size_t i = nlh->nlmsg_seq - first_seq;

	if (i < b->n)
		b->results[i] = read_error(nlh, b->words[i]);
}

static int send_all(int fd, struct rtnl_batch *b, uint32_t first_seq)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct iovec iov[RTNL_BATCH_MAX];
	struct msghdr h = { .msg_name = &kernel, .msg_namelen = sizeof(kernel), .msg_iov = iov };

	for (size_t i = 0; i < b->n; i++) {
		struct nlmsghdr *nlh = nlmsg_hdr(b->msgs[i]);
		nlh->nlmsg_seq = first_seq + (uint32_t)i;
		if (i + 1 == b->n)
			nlh->nlmsg_flags |= NLM_F_ACK;
		iov[i] = (struct iovec){ nlh, NLMSG_ALIGN(nlh->nlmsg_len) };
		b->results[i] = 0;
		b->words[i][0] = '\0';
	}
	h.msg_iovlen = b->n;
	while (sendmsg(fd, &h, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int rtnl_batch_send(int fd, uint32_t *seq, struct rtnl_batch *b)
{
	/* Answers to a batch are at most one error each, and those carry no request
	 * (NETLINK_CAP_ACK). */
	uint8_t buf[8192] __attribute__((aligned(NLMSG_ALIGNTO)));
	uint32_t first = *seq + 1, last = *seq + (uint32_t)b->n;
	size_t n = 0;
	int r;

	if (b->broken)
		return -ENOMEM;
	if (!b->n)
		return 0;
	*seq = last;
	r = send_all(fd, b, first);
	while (r == 0 && (r = receive(fd, buf, sizeof(buf), &n)) == 0) {
		int left = (int)n;
		for (struct nlmsghdr *h = (struct nlmsghdr *)buf; nlmsg_ok(h, left);
		     h = nlmsg_next(h, &left)) {
			if (h->nlmsg_type != NLMSG_ERROR)
				continue;
			take_result(b, first, h);
			if (h->nlmsg_seq == last)
				return 0;
		}
	}
	return r;
}

int rtnl_request(int fd, uint32_t *seq, struct nl_msg *m, char *words)
{
	struct rtnl_batch b;
	int r = -ENOMEM;

	words[0] = '\0';
	b.n = 0;
	b.broken = false;
	if (rtnl_batch_add(&b, m, 0))
		r = rtnl_batch_send(fd, seq, &b);
	if (r == 0 && (r = b.results[0]) < 0)
		memcpy(words, b.words[0], RTNL_WORDS_MAX);
	rtnl_batch_reset(&b);
	return r;
}

int rtnl_err(struct err *e, int errnum, const char *words, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (words && words[0])
		return err_sys(e, errnum, "%s: the kernel says \"%s\"", what, words);
	return err_sys(e, errnum, "%s", what);
}

/* A dump that the kernel had to give up says so in its last message. */
static int done_result(const struct nlmsghdr *nlh)
{
	int result = 0;

	if (nlh->nlmsg_len >= NLMSG_HDRLEN + sizeof(result))
		memcpy(&result, NLMSG_DATA(nlh), sizeof(result));
	return MIN_OF(result, 0);
}

int rtnl_read_answers(int fd, uint32_t seq, uint8_t *buf, size_t cap, rtnl_message_fn *fn,
		      void *data)
{
	bool interrupted = false;
	char words[RTNL_WORDS_MAX];
	size_t n = 0;
	int r;

	while ((r = receive(fd, buf, cap, &n)) == 0) {
		int left = (int)n;
		for (struct nlmsghdr *h = (struct nlmsghdr *)buf; nlmsg_ok(h, left);
		     h = nlmsg_next(h, &left)) {
			if (h->nlmsg_seq != seq)
				continue; /* the rest of an earlier, given up one */
			interrupted |= h->nlmsg_flags & NLM_F_DUMP_INTR;
			if (h->nlmsg_type == NLMSG_DONE)
				return interrupted ? -EAGAIN : done_result(h);
			if (h->nlmsg_type == NLMSG_ERROR)
				return read_error(h, words);
			fn(data, h);
		}
	}
	return r;
}
