/** Every op in plain F64. */
package dev.heed.tck.reference;
