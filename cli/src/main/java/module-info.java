/** The command line. */
@SuppressWarnings("requires-automatic")
module dev.heed.cli {
  requires com.fasterxml.jackson.core;
  requires dev.heed.core;
  requires info.picocli;
  requires me.tongfei.progressbar;

  opens dev.heed.cli to
      info.picocli;
}
