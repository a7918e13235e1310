/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telnet's commands.
 */
#include "guests/net/telnet.h"

#define SE          240
#define SB          250
#define WILL        251
#define WONT        252
#define DO          253
#define DONT        254
#define IAC         255

#define OPTION_ECHO 1
#define OPTION_SGA  3

#define CR          0x0d
#define LF          0x0a
#define TOLD_MAX    64

const uint8_t telnet_greeting[] = {IAC,        WILL, OPTION_ECHO, IAC,       WILL,
                                   OPTION_SGA, IAC,  DO,          OPTION_SGA};
const size_t telnet_greeting_size = sizeof(telnet_greeting);

void telnet_init(struct telnet *telnet)
{
    telnet->state = TELNET_DATA;
    telnet->verb = 0;
    telnet->speaks = false;
    telnet->told = 0;
}

/* What we have offered in the greeting needs no answer; all else is refused. */
static size_t answer_option(struct telnet *telnet, uint8_t option, uint8_t *answer)
{
    bool offered =
        telnet->verb == DO ? option == OPTION_ECHO || option == OPTION_SGA : option == OPTION_SGA;
    if ((telnet->verb != DO && telnet->verb != WILL) || offered || telnet->told == TOLD_MAX) {
        return 0;
    }
    telnet->told++;
    answer[0] = IAC;
    answer[1] = telnet->verb == DO ? WONT : DONT;
    answer[2] = option;
    return 3;
}

static bool data(struct telnet *telnet, uint8_t byte, uint8_t *key)
{
    if (byte == IAC) {
        telnet->state = TELNET_COMMAND;
        return false;
    }
    bool rest = telnet->state == TELNET_CR && (byte == LF || byte == 0);
    telnet->state = byte == CR ? TELNET_CR : TELNET_DATA;
    *key = byte;
    return !rest;
}

static bool command(struct telnet *telnet, uint8_t byte, uint8_t *key)
{
    telnet->speaks = telnet->speaks || byte != IAC;
    telnet->state = TELNET_DATA;
    if (byte >= WILL && byte <= DONT) {
        telnet->verb = byte;
        telnet->state = TELNET_OPTION;
    } else if (byte == SB) {
        telnet->state = TELNET_SUB;
    }
    *key = byte;
    return byte == IAC; /* twice: the byte 255 itself */
}

bool telnet_byte(struct telnet *telnet, uint8_t byte, uint8_t *key,
                 uint8_t answer[TELNET_ANSWER_MAX], size_t *answer_size)
{
    *answer_size = 0;
    switch (telnet->state) {
    case TELNET_DATA:
    case TELNET_CR:
        return data(telnet, byte, key);
    case TELNET_COMMAND:
        return command(telnet, byte, key);
    case TELNET_OPTION:
        *answer_size = answer_option(telnet, byte, answer);
        telnet->state = TELNET_DATA;
        return false;
    case TELNET_SUB:
        telnet->state = byte == IAC ? TELNET_SUB_COMMAND : TELNET_SUB;
        return false;
    case TELNET_SUB_COMMAND:
        telnet->state = byte == SE ? TELNET_DATA : TELNET_SUB;
        return false;
    }
    return false;
}
