/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers and legacy descriptors of Intel's 8254x and 82574 network controllers, as far as this
 * driver uses them. Names and bits as in "PCI/PCI-X Family of Gigabit Ethernet Controllers Software
 * Developer's Manual", chapters "Register Descriptions" and "Receive and Transmit Description".
 */
#ifndef GUESTS_NET_E1000_REGS_H
#define GUESTS_NET_E1000_REGS_H

#include <stdint.h>

#define E1000_CTRL         0x0000u
#define E1000_STATUS       0x0008u
#define E1000_EERD         0x0014u /* a word of the EEPROM */
#define E1000_ICR          0x00c0u /* reading clears it and takes the interrupt back */
#define E1000_ITR          0x00c4u /* least time between interrupts, in 256 ns */
#define E1000_IMS          0x00d0u
#define E1000_IMC          0x00d8u
#define E1000_RCTL         0x0100u
#define E1000_TCTL         0x0400u
#define E1000_TIPG         0x0410u
#define E1000_RDBAL        0x2800u
#define E1000_RDBAH        0x2804u
#define E1000_RDLEN        0x2808u
#define E1000_RDH          0x2810u
#define E1000_RDT          0x2818u
#define E1000_RDTR         0x2820u
#define E1000_TDBAL        0x3800u
#define E1000_TDBAH        0x3804u
#define E1000_TDLEN        0x3808u
#define E1000_TDH          0x3810u
#define E1000_TDT          0x3818u
#define E1000_MPC          0x4010u /* frames missed for want of buffers; reading clears it */
#define E1000_MTA          0x5200u /* multicast table, 128 words */
#define E1000_RAL0         0x5400u
#define E1000_RAH0         0x5404u
#define E1000_MTA_WORDS    128

#define E1000_CTRL_FD      (1u << 0)
#define E1000_CTRL_LRST    (1u << 3)
#define E1000_CTRL_ASDE    (1u << 5)
#define E1000_CTRL_SLU     (1u << 6)
#define E1000_CTRL_ILOS    (1u << 7)
#define E1000_CTRL_RST     (1u << 26)
#define E1000_CTRL_VME     (1u << 30)
#define E1000_CTRL_PHY_RST (1u << 31)

#define E1000_STATUS_LU    (1u << 1)

/* EERD differs between the older cards and the 82574. */
#define E1000_EERD_START      (1u << 0)
#define E1000_EERD_DONE       (1u << 4)
#define E1000_EERD_ADDRESS    8
#define E1000_EERD_DONE_82574 (1u << 1)
#define E1000_EERD_ADDR_82574 2
#define E1000_EERD_DATA       16

#define E1000_INT_TXDW        (1u << 0)
#define E1000_INT_LSC         (1u << 2)
#define E1000_INT_RXDMT0      (1u << 4)
#define E1000_INT_RXO         (1u << 6)
#define E1000_INT_RXT0        (1u << 7)

#define E1000_RCTL_EN         (1u << 1)
#define E1000_RCTL_MPE        (1u << 4)
#define E1000_RCTL_BAM        (1u << 15)
#define E1000_RCTL_BSIZE_2048 (0u << 16)
#define E1000_RCTL_SECRC      (1u << 26)

#define E1000_TCTL_EN         (1u << 1)
#define E1000_TCTL_PSP        (1u << 3)
#define E1000_TCTL_CT         (0x0fu << 4)
#define E1000_TCTL_COLD       (0x40u << 12) /* full duplex */
#define E1000_TIPG_COPPER     (10u | 8u << 10 | 6u << 20)

#define E1000_RAH_AV          (1u << 31)

/* Legacy receive descriptor. */
struct e1000_rx_desc {
    uint64_t address;
    uint16_t length;
    uint16_t checksum;
    uint8_t status;
    uint8_t errors;
    uint16_t special;
};

#define E1000_RX_DD     (1u << 0)
#define E1000_RX_EOP    (1u << 1)
#define E1000_RX_ERRORS 0x97u /* CE, SE, SEQ, CXE, RXE: the frame is damaged */

/* Legacy transmit descriptor. */
struct e1000_tx_desc {
    uint64_t address;
    uint16_t length;
    uint8_t cso;
    uint8_t command;
    uint8_t status;
    uint8_t css;
    uint16_t special;
};

#define E1000_TX_EOP  (1u << 0)
#define E1000_TX_IFCS (1u << 1)
#define E1000_TX_RS   (1u << 3)
#define E1000_TX_DD   (1u << 0)

_Static_assert(sizeof(struct e1000_rx_desc) == 16, "the card reads 16 bytes each");
_Static_assert(sizeof(struct e1000_tx_desc) == 16, "the card reads 16 bytes each");

#endif
