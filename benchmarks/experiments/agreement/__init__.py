"""Whether networks trained many at once on an accelerator end where the same networks end that are trained alone."""
