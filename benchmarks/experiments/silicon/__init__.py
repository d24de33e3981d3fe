"""Published measurements on boards beside what the compiler and the estimators say of the same networks."""
