/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers of the 16550A UART, named as in National Semiconductor's PC16550D data sheet, section
 * "Registers". Offsets are from the UART's first port.
 */
#ifndef DRIVERS_NS16550_REGS_H
#define DRIVERS_NS16550_REGS_H

#define UART_RBR 0 /* read; DLAB = 0 */
#define UART_THR 0 /* write; DLAB = 0 */
#define UART_DLL 0 /* DLAB = 1 */
#define UART_IER 1 /* DLAB = 0 */
#define UART_DLM 1 /* DLAB = 1 */
#define UART_IIR 2 /* read */
#define UART_FCR 2 /* write */
#define UART_LCR 3
#define UART_MCR 4
#define UART_LSR 5
#define UART_MSR 6
#define UART_SCR 7

/* Interrupt Enable Register */
#define UART_IER_ERBFI 0x01 /* received data available, and time-out in FIFO mode */
#define UART_IER_ETBEI 0x02 /* transmitter holding register empty */
#define UART_IER_ELSI  0x04 /* receiver line status */
#define UART_IER_EDSSI 0x08 /* modem status */
#define UART_IER_ALL   0x0F

/* Interrupt Identification Register: bit 0 clear = pending; bits 3-1 which one */
#define UART_IIR_MODEM       0x00
#define UART_IIR_NONE        0x01
#define UART_IIR_THRE        0x02
#define UART_IIR_DATA        0x04
#define UART_IIR_LINE_STATUS 0x06
#define UART_IIR_TIMEOUT     0x0C
#define UART_IIR_FIFOS       0xC0 /* both FIFOs are enabled */

/* FIFO Control Register */
#define UART_FCR_ENABLE   0x01
#define UART_FCR_RX_RESET 0x02
#define UART_FCR_TX_RESET 0x04
#define UART_FCR_TRIGGER  0xC0 /* 1, 4, 8, 14 bytes */

/* Line Control Register */
#define UART_LCR_BREAK 0x40
#define UART_LCR_DLAB  0x80

/* Modem Control Register */
#define UART_MCR_DTR  0x01
#define UART_MCR_RTS  0x02
#define UART_MCR_OUT1 0x04
#define UART_MCR_OUT2 0x08
#define UART_MCR_LOOP 0x10
#define UART_MCR_ALL  0x1F

/* Line Status Register */
#define UART_LSR_DR     0x01
#define UART_LSR_OE     0x02
#define UART_LSR_PE     0x04
#define UART_LSR_FE     0x08
#define UART_LSR_BI     0x10
#define UART_LSR_THRE   0x20
#define UART_LSR_TEMT   0x40
#define UART_LSR_FIFO   0x80 /* an error is in the receiver FIFO */
#define UART_LSR_ERRORS (UART_LSR_OE | UART_LSR_PE | UART_LSR_FE | UART_LSR_BI)

/* Modem Status Register */
#define UART_MSR_DCTS   0x01
#define UART_MSR_DDSR   0x02
#define UART_MSR_TERI   0x04
#define UART_MSR_DDCD   0x08
#define UART_MSR_DELTAS 0x0F
#define UART_MSR_CTS    0x10
#define UART_MSR_DSR    0x20
#define UART_MSR_RI     0x40
#define UART_MSR_DCD    0x80
#define UART_MSR_LINES  0xF0

#endif
