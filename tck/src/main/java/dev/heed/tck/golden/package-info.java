/** Cases whose expected values come from other people's software. */
package dev.heed.tck.golden;
