/** The cases, a class for each family of ops. */
package dev.heed.tck.cases;
