/* SPDX-License-Identifier: Apache-2.0 */
/* What libfdt finds as <stdlib.h> where there is no C library: its reading part calls nothing. */
