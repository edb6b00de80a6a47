/** How results are compared. */
package dev.heed.tck.check;
