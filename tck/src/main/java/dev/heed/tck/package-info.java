/** The conformance suite for devices. */
package dev.heed.tck;
